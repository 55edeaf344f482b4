"""Ways in and out for reports in the formats of other systems."""
