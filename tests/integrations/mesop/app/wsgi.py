"""What a WSGI server is pointed at: two lines, and then the application."""

from handlerid.integrations.mesop import install

install()

from app import me as application  # noqa: E402, F401
