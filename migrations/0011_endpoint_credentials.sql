-- How an endpoint wants to be spoken to: the form of the body, and the certificate that proves us in the TLS handshake.
ALTER TABLE endpoints
  ADD COLUMN content_type text NOT NULL DEFAULT 'application/json'
    CONSTRAINT endpoints_content_type_known CHECK (content_type IN ('application/json', 'application/x-www-form-urlencoded')),
  -- {certificate (PEM, its chain behind it), sealed (base64 of the sealed private key)}; null: none.
  ADD COLUMN client_certificate jsonb;
