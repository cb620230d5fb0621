"""What labels say of each other: agreement, likely errors, and their way to other programs and back."""
