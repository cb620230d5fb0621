"""What the pages are made of: session, filters, cached reads and components. Only this package and pages use Streamlit."""
