"""Kestrel in a browser: pages and widgets of Streamlit. They hold state and draw; what they show is made below."""
