"""Campaigns: written and changed."""

from __future__ import annotations

import datetime as dt

from ...core.db import atomic, db
from ...core.errors import Refusal
from ...core.i18n import _l
from ...organizers.audit import note
from ..drafts import CampaignDraft, filled
from ..models import Campaign
from ..slugs import title_slug
from .rows import after, all_stamped, free_slug, locked_campaign, write


class CampaignChangedMeanwhile(Refusal):
    """Somebody else saved the campaign after this form was opened."""

    message = _l(
        "Somebody else changed this campaign while you were writing. Nothing of yours is lost: it is all below. "
        "Look at what they saved, then save again if yours should stand."
    )


@atomic()
def create_campaign(*, draft: CampaignDraft, slug: str | None, now: dt.datetime) -> str:
    """Add a campaign and give its slug; None for `slug` makes one from its title. SlugTaken, SlugUnfit."""
    slug = free_slug(Campaign, slug, title_slug(draft.texts) or f"campaign-{now:%Y-%m-%d}")
    db.session.add(
        Campaign(slug=slug, published=draft.published, texts=filled(draft.texts), revised_at=after(None, now))
    )
    note("campaign.created", f"campaign:{slug}", now=now)
    return slug


@atomic()
def revise_campaign(*, slug: str, draft: CampaignDraft, made_from: dt.datetime | None = None, now: dt.datetime) -> None:
    """Change a campaign. `made_from`: its `revised_at` when the form was made; CampaignChangedMeanwhile if older."""
    campaign = locked_campaign(slug)
    if made_from is not None and made_from != campaign.revised_at:
        raise CampaignChangedMeanwhile
    if write(campaign, {"texts": filled(draft.texts), "published": draft.published}):
        campaign.revised_at = all_stamped(campaign, now)
        note("campaign.revised", f"campaign:{slug}", now=now)
