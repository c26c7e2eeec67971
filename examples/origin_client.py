#!/usr/bin/env python3
"""A whole conversation in the DPC protocol: a demonstration, and a self-check of the server.

Start the server with its default configuration; then, in the directory the server runs in:
    origin_client.py                            every step, against 127.0.0.1
    origin_client.py --header binary            the same, if the server uses 4-byte headers
    origin_client.py --state run.txt            remember this run; then restart the server, and
    origin_client.py --state run.txt --again    see that its people and files are still there
Each time, three new people register (with codes from the server's --outbox), log in, chat and
share files. Every step prints a line; the exit code is 0 only if all hold. Needs Python 3.9+.
"""
import argparse, json, pathlib, random, secrets, select, socket, sys, time  # noqa: E401

TIMEOUT = 10  # seconds, for each socket operation and for a code to arrive
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
for option, default in {"host": "127.0.0.1", "auth-port": 7001, "chat-port": 7002,
                        "files-port": 7003, "outbox": "data/outbox.jsonl", "state": ""}.items():
    parser.add_argument(f"--{option}", default=default, type=type(default), help=f"({default})")
parser.add_argument("--header", choices=("text", "binary"), default="text", help="(text)")
parser.add_argument("--again", action="store_true", help="verify what the run in --state left")
OPTIONS = parser.parse_args()

def step(title, action, *args, **named):
    try:
        result = action(*args, **named)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        sys.exit(f"FAILED  {title}: {error}")
    print(f"ok  {title}", flush=True)
    return result

def expect(what, got, wanted=True):  # without `wanted`, `what` is what to say if it is not so
    if got != wanted:
        raise ValueError(what if wanted is True else f"{what} should be {wanted!r}, not {got!r}")

# A frame is a header of fixed length (定长包头) and as many bytes of JSON as the header says.
def send(sock, frame, content=b""):
    body = json.dumps(frame, ensure_ascii=False).encode()
    head = b"%-15d" % len(body) if OPTIONS.header == "text" else len(body).to_bytes(4, "big")
    sock.sendall(head + body + content)

def read(sock, size):
    data = bytearray()
    while piece := sock.recv(min(size - len(data), 65536)):
        data += piece
    expect("bytes before the server hung up (right --header?)", len(data), size)
    return bytes(data)

def receive(sock):
    size = int(read(sock, 15)) if OPTIONS.header == "text" else int.from_bytes(read(sock, 4), "big")
    expect(f"a frame cannot have {size} bytes (right --header?)", 0 < size < 1 << 24)
    return dict(json.loads(read(sock, size)))

def request(service, frame, content=b""):
    sock = socket.create_connection((OPTIONS.host, vars(OPTIONS)[f"{service}_port"]), TIMEOUT)
    send(sock, frame, content)
    return sock

def ask(service, frame, content=b"", **wanted):
    """Send one request on a connection of its own; the reply must contain what is wanted."""
    with request(service, frame, content) as sock:
        reply = receive(sock)
    expect("the reply", reply, {**reply, **wanted})
    return reply

def new_code(phone):
    """Ask for a code, and wait for a new line to this number in the outbox."""
    def codes(outbox=pathlib.Path(OPTIONS.outbox)):
        lines = outbox.read_bytes().split(b"\n")[:-1] if outbox.exists() else []
        return [m.get("code") for m in map(json.loads, lines) if m.get("to") == f"+86{phone}"]
    old, end = codes(), time.monotonic() + TIMEOUT
    ask("auth", {"op": 1, "args": {"user_phone": phone}}, op=1, test=0)
    while (new := codes()) == old:
        expect(f"no code came to {OPTIONS.outbox} (right --outbox?)", time.monotonic() < end)
        time.sleep(0.05)
    return new[-1]

def overhear(sock, news):  # the args of everyone who says this, until half a second of silence
    frames = []
    while select.select([sock], [], [], 0.5)[0]:
        frames.append(receive(sock))
        expect("test in a chat frame", frames[-1].get("test", 0), 0)
    return sorted(str(frame.get("args")) for frame in frames if frame.get("news") == news)

def chat():
    ring = [(request("chat", {"op": 0, "args": p, "news": ""}), p) for p in PEOPLE]
    others = [sorted(str({"name": p["name"]}) for p in PEOPLE if p is not me) for me in PEOPLE]
    heard, number = [], 0
    while heard != others:  # no reply tells when a connection begins to listen, so speak again
        expect(f"not everyone hears just the other two: {heard}", number < 20)
        number += 1
        for sock, person in ring:
            send(sock, {"op": 0, "args": person, "news": f"我是消息 {number} {SEED}"})
        heard = [overhear(sock, f"我是消息 {number} {SEED}") for sock, _ in ring]
    for sock, _ in ring:
        sock.close()

def about(name, path, content, **more):  # a file by itself (path is name), or in folder `name`
    kind = {"file_type": 0} if path == name else {"file_type": 1, "file_dirname": name, **more}
    return {"file_name": path, "file_size": str(len(content)), **kind}

def upload(person, name, contents):
    for path, content in contents.items():
        ask("files", {"op": 0, "args": person, **about(name, path, content)}, content, op=0, test=0)

def download(person, name, contents):
    rest = dict(contents)
    with request("files", {"op": 1, "args": person, "look": 1, "file_name": name}) as sock:
        while rest:
            frame = receive(sock)
            content = rest.pop(path := frame.get("file_name"), b"")
            wanted = about(name, path, content, file_left=len(rest))
            expect("the reply", frame, {**frame, "op": 1, **wanted})
            expect(f"{path} is not what was uploaded", read(sock, len(content)) == content)
        expect("what follows the last file", sock.recv(1), b"")

def look(person, *names):
    reply = ask("files", {"op": 1, "args": person, "look": 0}, op=1)
    expect("exist_file", reply.get("exist_file"), len(reply.get("files") or []))
    expect(f"{names} are not all in {reply}", all(name in str(reply) for name in names))

STATE = pathlib.Path(OPTIONS.state)  # holds the seed of a run, from which all else follows
SEED = step("上次 run in --state FILE", STATE.read_text) if OPTIONS.again else secrets.token_hex(4)
RANDOM = random.Random(SEED)
PEOPLE = [{"name": who + SEED, "password": "Pw" + RANDOM.randbytes(8).hex()} for who in "明红刚"]
BIG, EMPTY, FOLDER = f"三兆-{SEED}.bin", f"空-{SEED}.txt", f"文件夹-{SEED}"
SHARED = {BIG: {BIG: RANDOM.randbytes(3 << 20)}, EMPTY: {EMPTY: b""}, FOLDER: {
    "读我.txt": "你好".encode(), "a/b/图.bin": RANDOM.randbytes(70000), "a/空.txt": b""}}

for person in PEOPLE:
    name, phone = person["name"], f"139{RANDOM.randrange(10**8):08}"
    user = {"user_name": name, "user_pwd": person["password"]}
    if not OPTIONS.again:
        new = {**user, "user_phone": phone, "user_email": f"{phone}@example.com"}
        new["user_vcode"] = step(f"验证码 code for {phone}", new_code, phone)
        step(f"注册 register {name}", ask, "auth", {"op": 2, "args": new}, test=0)
    step(f"登录 login {name}", ask, "auth", {"op": 0, "args": user}, op=0, test=0)
    step("密码错误 wrong password", ask, "auth", {"op": 0, "args": {**user, "user_pwd": "?"}}, test=1)
    step("手机号已存在 phone taken", ask, "auth", {"op": 1, "args": {"user_phone": phone}}, test=3)
step("聊天 chat: each hears the other two, nobody an echo", chat)
step("查看文件 look at the list of files, which may be empty", look, PEOPLE[0])
for name, contents in SHARED.items():
    if not OPTIONS.again:
        step(f"上传 upload {name}", upload, PEOPLE[0], name, contents)
    step(f"下载 download {name}", download, PEOPLE[1], name, contents)
step("查看文件 look again: they are in the list", look, PEOPLE[2], *SHARED)
missing = {"op": 1, "args": PEOPLE[2], "look": 1, "file_name": f"没有-{SEED}"}
step("文件不存在 ask for a missing file: 400", ask, "files", missing, op=1, file_name=400)
if OPTIONS.state and not OPTIONS.again:
    step(f"记住 remember this run in {STATE}", STATE.write_text, SEED)
