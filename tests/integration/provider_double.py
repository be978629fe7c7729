"""Adyen and PayPal as far as a refund needs them, in one small server that can be told to fail.

It keeps keys as they do: the same key again gets the same answer and has no effect. `refunds` are the
effects, `calls` every request for a refund with its time. `mode[provider]` is "up", "down" (the
connection ends without an answer), "lost" (done, and then the same), "busy" (429, and to be left
alone for BUSY_S), "refuse" (422) or "late" (PayPal: pending)."""

import http.server
import json
import threading
import time


BUSY_S = 4


class Double:
    def __init__(self):
        self.mode = {"adyen": "up", "paypal": "up"}
        self.calls, self.tokens = [], 0
        self.refunds, self.answers = {}, {}
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def made(self, provider):
        return [time for name, time in list(self.calls) if name == provider]

    def refund(self, provider, key, payment, body):
        """(status, answer) of a first request; the effect is in `refunds` then."""
        if self.mode[provider] == "refuse":
            return 422, {"status": 422, "errorCode": "167", "name": "UNPROCESSABLE_ENTITY",
                         "details": [{"issue": "CAPTURE_FULLY_REFUNDED"}]}
        number = f"{provider[0].upper()}{len(self.refunds) + 1:015d}"
        self.refunds[key] = {"provider": provider, "id": number, "payment": payment, "body": body}
        if provider == "adyen":
            return 201, {"merchantAccount": body["merchantAccount"], "status": "received",
                         "paymentPspReference": payment, "pspReference": number,
                         "reference": body["reference"], "amount": body["amount"]}
        status = "PENDING" if self.mode[provider] == "late" else "COMPLETED"
        return 201, {"id": number, "status": status, "amount": body["amount"],
                     "custom_id": body["custom_id"], "create_time": "2026-01-02T03:04:05Z"}

    def post(self, path, headers, body):
        """(status, answer, headers if there are some); None: no answer."""
        if path == "/v1/oauth2/token":
            self.tokens += 1
            return 200, {"access_token": f"token-{self.tokens}", "expires_in": 3600}
        parts = path.strip("/").split("/")
        provider = "adyen" if parts[0] == "v71" else "paypal"
        key = headers["Idempotency-Key" if provider == "adyen" else "PayPal-Request-Id"]
        with self.lock:
            self.calls.append((provider, time.time()))
            if self.mode[provider] == "down":
                return None
            if self.mode[provider] == "busy":
                return 429, {"name": "RATE_LIMIT_REACHED"}, {"Retry-After": str(BUSY_S)}
            if provider == "paypal" and headers["Authorization"] != f"Bearer token-{self.tokens}":
                return 401, {"name": "AUTHENTICATION_FAILURE"}
            if key not in self.answers:
                self.answers[key] = self.refund(provider, key, parts[-2], json.loads(body))
            return None if self.mode[provider] == "lost" else self.answers[key]

    def get(self, path):
        found = [(key, entry) for key, entry in self.refunds.items()
                 if entry["id"] == path.rsplit("/", 1)[-1]]
        if not found:
            return 404, {"name": "RESOURCE_NOT_FOUND"}
        answer = dict(self.answers[found[0][0]][1])
        answer["status"] = "PENDING" if self.mode["paypal"] == "late" else "COMPLETED"
        return 200, answer

    def handler(double):  # pylint: disable=no-self-argument
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self, result):
                if result is None:
                    self.close_connection = True
                    return
                data = json.dumps(result[1]).encode()
                self.send_response(result[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in (result[2] if len(result) > 2 else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(double.post(self.path, self.headers, body))

            def do_GET(self):  # pylint: disable=invalid-name
                self.reply(double.get(self.path))

            def log_message(self, *_):
                pass

        return Handler
