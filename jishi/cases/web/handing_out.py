"""How a file leaves the house: as a download that runs nothing, or as the picture inside one page that was asked for.

What a person sent has no address: it is written into the answer to one press, and gone with the page (spec 90 §§8, 9).
"""

import base64
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from jishi.accounts.actions.reading import OpenedFile
from jishi.cases.queries import public
from jishi.foundation import files
from jishi.foundation.uploads import KINDS


def within(opened: OpenedFile) -> str:
    """Give an opened picture as it stands inside the page itself."""
    return f"data:{KINDS[opened.row.kind].mime};base64,{base64.b64encode(opened.data).decode()}"


@require_safe
def public_photo(request: HttpRequest, code: str, size: str = "") -> HttpResponse:
    """Show strangers the covered copy of a photo, while its report, or the answer it stands beside, is public."""
    tenant: Any = request.tenant  # type: ignore[attr-defined]
    asked: Any = {"small": size == "small", "tenant_id": tenant.id}
    found = public.photo(code[:24], **asked) or public.answer_photo(code[:24], **asked)
    if found is None:
        raise Http404
    data = files.shown(found, tenant_id=tenant.id, now=request.now)  # type: ignore[attr-defined]
    response = files.as_download(data, "jpeg", f"{code}.jpg")
    response["Cache-Control"] = "no-cache"  # asked again each time: hidden, it is gone at once
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    etag = f'"{code}-{found}-{size}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
