"""What the pages are made of: session, filters, cached reads and components.

Only this package and the pages use Streamlit.
"""
