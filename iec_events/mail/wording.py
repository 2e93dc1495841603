"""What is wrong with mail, in words, from the class and code that the outbox keeps of an error."""

from __future__ import annotations

from ..core.i18n import _l

REASONS = {
    "ConnectionRefusedError": _l("At the mail server’s address and port, nobody answers."),
    "gaierror": _l("The mail server’s name is not known."),
    "TimeoutError": _l("The mail server did not answer in time."),
    "SMTPServerDisconnected": _l("The mail server hung up."),
    "ConnectionResetError": _l("The mail server hung up."),
    "SMTPConnectError": _l("The mail server turns us away."),
    "SMTPAuthenticationError": _l("The mail server refuses our user name or password."),
    "SMTPNotSupportedError": _l("The mail server does not offer TLS or signing in as the settings want it."),
    "SSLCertVerificationError": _l("The mail server could not prove that it is the one in the settings."),
    "SSLError": _l("TLS failed: perhaps the port and the way of TLS in the settings do not fit."),
    "sender refused": _l("The mail server wants no mail from our address."),
    "recipient refused": _l("A mail server refused the recipient."),
    "letter refused": _l("A mail server refused the letter."),
    "data refused": _l("A mail server refused the letter."),
    "SMTPUTF8 not offered": _l("The mail server can’t write to addresses in this script."),
    "KeyUnknown": _l("It is sealed with a server key that the worker does not have."),
    "WorkerEnded": _l("The worker ended in the middle."),
}
OTHER = _l("Something else went wrong.")


def reason(error: str) -> str:
    """One sentence; the code that may stand behind the class is for operators."""
    found = next((words for name, words in REASONS.items() if error.startswith(name)), OTHER)
    return str(found)
