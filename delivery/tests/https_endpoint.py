"""An HTTPS endpoint for tests, on a free port of 127.0.0.1.

Usage: https_endpoint.py CERTIFICATE KEY (both PEM). Prints its port, then
"posted" for each POST, which it answers with 204. Ends when its standard input
is closed.
"""

import http.server
import os
import ssl
import sys
import threading


class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print("posted", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # handshakes that fail are what the tests are about


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = Server(("127.0.0.1", 0), Endpoint)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.buffer.read()
os._exit(0)
