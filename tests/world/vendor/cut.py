#!/usr/bin/env python3
"""Cuts a vendor's OpenAPI document or JSON Schema down to what the world simulates.

Keeps the named paths (or definitions) and, transitively, every component that they reference. The result is compact
JSON with one path, component or definition a line, so that a change of one shows as one line.

    cut.py openapi FULL.json OUT.json PATH...           e.g. cut.py openapi coolify.json coolify/openapi.json /deploy
    cut.py swagger FULL.json OUT.json PATH...           Swagger 2.0, e.g. Argo CD's; what comes out is OpenAPI 3
    cut.py schema  FULL.json OUT.json DEFINITION...     e.g. cut.py schema schema.json github/webhooks.schema.json 'ping$event'

A PATH or DEFINITION that ends in * means all that begin so.
"""
import json
import sys


def references(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref" and isinstance(item, str):
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def matching(names, patterns):
    kept = [n for n in names if any(n == p or (p.endswith("*") and n.startswith(p[:-1])) for p in patterns)]
    missing = [p for p in patterns if not any(n == p or (p.endswith("*") and n.startswith(p[:-1])) for n in names)]
    if missing:
        sys.exit(f"not in the document: {', '.join(missing)}")
    return kept


def closure(document, roots):
    """The `#/a/b/c` pointers reached from the roots, as lists of keys."""
    seen, waiting = [], list(roots)
    while waiting:
        for reference in references(waiting.pop()):
            keys = reference.removeprefix("#/").split("/")
            if keys in seen:
                continue
            seen.append(keys)
            target = document
            for key in keys:
                target = target[key]
            waiting.append(target)
    return seen


def as_openapi(document):
    """A Swagger 2.0 document in the form of OpenAPI 3.0, as far as the world reads it."""
    def moved(value):
        if isinstance(value, dict):
            return {k: v.replace("#/definitions/", "#/components/schemas/") if k == "$ref" else moved(v)
                    for k, v in value.items() if k not in ("title", "description", "summary", "x-kubernetes-map-type")
                    or not isinstance(v, str)}
        return [moved(item) for item in value] if isinstance(value, list) else value

    def parameter(given):
        kind = given.get("items", given) if given.get("collectionFormat") == "multi" else given
        schema = {k: kind[k] for k in ("type", "format", "enum", "items") if k in kind}
        return {"name": given["name"], "in": given["in"], "required": given.get("required", False), "schema": schema}

    def operation(given):
        bodies = [p for p in given.get("parameters", []) if p["in"] == "body"]
        made = {"operationId": given["operationId"],
                "parameters": [parameter(p) for p in given.get("parameters", []) if p["in"] != "body"],
                "responses": {code: {"content": {"application/json": {"schema": moved(answer["schema"])}}}
                              for code, answer in given["responses"].items()}}
        if bodies:
            made["requestBody"] = {"required": bodies[0].get("required", False),
                                   "content": {"application/json": {"schema": moved(bodies[0]["schema"])}}}
        return made

    paths = {p: {m: operation(o) for m, o in item.items()} for p, item in document["paths"].items()}
    return {"openapi": "3.0.3", "info": {k: document["info"][k] for k in ("title", "version")}, "paths": paths,
            "components": {"schemas": moved(document["definitions"])}}


def write(out, document, sections):
    """One entry of each of the named sections a line."""
    def lines(value, depth):
        body = []
        for key, item in value.items():
            inner = lines(item, depth - 1) if depth and isinstance(item, dict) and item else \
                json.dumps(item, separators=(",", ":"), ensure_ascii=False)
            body.append(f"{json.dumps(key)}:{inner}")
        return "{\n" + ",\n".join(body) + "\n}"
    parts = [f"{json.dumps(k)}:{lines(v, sections[k]) if k in sections else json.dumps(v, separators=(',', ':'))}"
             for k, v in document.items()]
    with open(out, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(parts) + "\n}\n")


def main():
    kind, source, out, *patterns = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        if source.endswith(".yaml"):
            import yaml  # PyYAML; only Backstage's document is not JSON
            document = yaml.safe_load(file)
        else:
            document = json.load(file)
    if kind == "swagger":
        document = as_openapi(document)
    if kind in ("openapi", "swagger"):
        paths = {p: document["paths"][p] for p in matching(document["paths"], patterns)}
        result = {"openapi": document["openapi"], "info": document["info"], "servers": document.get("servers", []),
                  "paths": paths, "components": {}}
        for _, section, name in closure(document, [paths]):
            result["components"].setdefault(section, {})[name] = document["components"][section][name]
        write(out, result, {"paths": 0, "components": 1})
    else:
        kept = matching(document["definitions"], patterns)
        roots = [document["definitions"][name] for name in kept]
        names = set(kept) | {keys[-1] for keys in closure(document, roots)}
        result = {"$schema": document["$schema"], "definitions": {n: document["definitions"][n] for n in sorted(names)}}
        write(out, result, {"definitions": 0})


main()
