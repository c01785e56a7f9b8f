"""The Hugging Face hub: addresses, downloads, uploads, and what a published network states about itself."""
