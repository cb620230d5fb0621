"""What the dashboard says of a business: intervals, windows, overviews, trends and their wording."""
