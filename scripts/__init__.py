"""Scripts for developers; users need none of them."""
