"""What schemathesis must not send: Spin answers header values that are not UTF-8 by an empty 500, before any component sees the request."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in list((case.headers or {}).items()):
        # A tab takes the place of what is no ASCII: it too is in no key. At an end it would be no part of the value.
        case.headers[name] = "".join(
            character if character.isascii() else "x\tx" for character in value
        )
