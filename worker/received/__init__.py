"""What comes from outside as bytes, whoever sent it: HTTP answers, packed bodies, texts behind a byte order mark."""
