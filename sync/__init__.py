"""What device and server share: the words on the wire and the rules both must agree on."""
