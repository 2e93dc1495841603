"""Campaigns in the organizers' area: their form."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...core import clock
from ...core.i18n import _, current_locale, tongues
from .. import actions
from ..forms_campaigns import CampaignForm
from ..models import Campaign
from ..queries import any_campaign
from ..views import CampaignView
from .shared import blueprint


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
def new_campaign() -> ResponseReturnValue:
    """Write a new campaign."""
    form = CampaignForm()
    if not form.validate_on_submit():
        return _campaign_page(form, None)
    try:
        slug = actions.create_campaign(draft=form.draft(), slug=form.slug.data or None, now=clock.now())
    except (actions.SlugTaken, actions.SlugUnfit) as refusal:
        form.note("slug", refusal)
        return _campaign_page(form, None, refusal.status)
    flash(_("Saved."))
    return redirect(url_for(".edit_campaign", slug=slug), 303)


@blueprint.route("/campaigns/<slug>", methods=["GET", "POST"])
def edit_campaign(slug: str) -> ResponseReturnValue:
    """Change a campaign."""
    campaign = any_campaign(slug)
    form = CampaignForm() if request.method == "POST" else CampaignForm.of(campaign)
    if not form.validate_on_submit():
        return _campaign_page(form, campaign)
    try:
        actions.revise_campaign(slug=slug, draft=form.draft(), made_from=form.made_from, now=clock.now())
    except actions.CampaignChangedMeanwhile as refusal:
        campaign = any_campaign(slug)
        form.revision.data = campaign.revised_at.isoformat()
        form.form_errors.append(str(refusal))
        return _campaign_page(form, campaign, refusal.status)
    flash(_("Saved."))
    return redirect(url_for(".edit_campaign", slug=slug), 303)


def _campaign_page(form: CampaignForm, campaign: Campaign | None, status: int | None = None) -> ResponseReturnValue:
    page = render_template(
        "events/campaign.html",
        form=form,
        campaign=CampaignView(campaign, current_locale()) if campaign is not None else None,
        tongues=tongues(form.speaks),
    )
    return page, status or (422 if form.is_submitted() else 200)
