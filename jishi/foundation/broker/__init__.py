"""The key broker 钥匙代管 (level K1, spec 90 §5.2): a small process under another account, or on another machine.

It holds the root key and asks nobody's database. What leaves it, it decides itself: by who is connected (`wire`), by
how often (`desk`), and for a confidential name by whose passkey signed (`passkeys`) against its own list (`book`).
"""
