"""What all pages share: template environment, style sheet, charts, thumbnails, text formats."""
