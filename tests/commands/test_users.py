"""`peachdash users`, and where `serve` refuses to listen."""

from __future__ import annotations


def test_the_first_admin_and_others(peachdash):
    assert "users add EMAIL --role admin" in peachdash("users", "list").out
    done = peachdash("users", "add", "Ada@Example.com", "--role", "admin", "--name", "Ada")
    assert (done.status, done.out) == (0, "ada@example.com  admin\n")
    found = peachdash("users", "add", "mia@example.com", "--role", "manager", "--json").json
    assert [(person["email"], person["role"]) for person in found["people"]] == [
        ("ada@example.com", "admin"),
        ("mia@example.com", "manager"),
    ]


def test_people_are_changed_assigned_and_deactivated(peachdash, tmp_path):
    export = tmp_path / "one.csv"
    export.write_text("review,rating,business\nfine,4,A Shop\n")
    assert peachdash("import", export).status == 0
    peachdash("users", "add", "ada@example.com", "--role", "admin")
    peachdash("users", "add", "mia@example.com", "--role", "client")
    assert (
        "mia@example.com  analyst" in peachdash("users", "change", "mia@example.com", "--role", "analyst").out
    )
    assert "deactivated" in peachdash("users", "deactivate", "mia@example.com").out
    assert "deactivated" not in peachdash("users", "activate", "mia@example.com").out
    assert peachdash("users", "sign-out", "mia@example.com").status == 0
    peachdash("users", "assign", "mia@example.com", "Unassigned").assert_refused("no client yet")
    peachdash("users", "deactivate", "ada@example.com").assert_refused("last active admin")


def test_wrong_use_is_one_clear_line(peachdash):
    peachdash("users", "add", "nobody", "--role", "admin").assert_refused("no e-mail")
    peachdash("users", "add", "a@b.c", "--role", "boss").assert_refused("boss")
    peachdash("users", "deactivate", "a@b.c").assert_refused("nobody known")
    peachdash("users", "assign", "a@b.c", "x").assert_refused("no client")


def test_serve_refuses_what_is_not_safe(peachdash, tmp_path):
    peachdash("serve", "--address", "0.0.0.0").assert_refused("127.0.0.1 only", "PEACHDASH_MODE=server")
    peachdash("serve", PEACHDASH_ADDRESS="192.168.0.9").assert_refused("127.0.0.1 only")
    secrets = str(tmp_path / "none.toml")
    server = {"PEACHDASH_MODE": "server", "PEACHDASH_SECRETS": secrets}
    peachdash("serve", **server).assert_refused("sign-in secrets", secrets)
    peachdash("serve", "--address", "0.0.0.0", **server).assert_refused("sign-in secrets")
    peachdash("serve", PEACHDASH_MODE="open").assert_refused("PEACHDASH_MODE")
