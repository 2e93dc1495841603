"""What organizers fill in for campaigns."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField

from ..core.i18n import _, _l, current_locale
from .drafting import CampaignTexts, flat
from .drafts import CAMPAIGN_TEXTS, CampaignDraft
from .models import Campaign


class CampaignForm(CampaignTexts):
    """A campaign."""

    published = BooleanField(_l("Show this campaign to everyone"))

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignForm:
        """The form as it is first shown for a campaign."""
        return cls(
            data={**flat(campaign.texts), "published": campaign.published, "revision": campaign.revised_at.isoformat()}
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Check, and want a title."""
        valid = super().validate(extra_validators)
        if not any(said.get("title") for said in self.draft().texts.values()):
            self.note(f"title_{current_locale()}", _("Please write a title in at least one language."))
            return False
        return bool(valid)

    def draft(self) -> CampaignDraft:
        """What was chosen."""
        return CampaignDraft(texts=self.texts_of(CAMPAIGN_TEXTS), published=bool(self.published.data))
