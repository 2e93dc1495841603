"""Creating, revising, publishing and calling off. Each verb locks its event, and repeating one changes nothing."""

from .campaigns import CampaignChangedMeanwhile, create_campaign, revise_campaign
from .forgetting import forget_versions
from .pictures import UNUSED_IMAGE_KEPT, NoSuchImage, erase_unused_images, keep_image
from .rows import SlugTaken, SlugUnfit
from .steps import (
    NotFromHere,
    PlaceMissing,
    TitleMissing,
    cancel_event,
    close_list,
    defend_event,
    end_defence,
    open_list,
    postpone_event,
    publish_event,
    reinstate,
    withdraw_event,
)
from .writing import (
    TOLD,
    CapacityBelowSeats,
    DraftRefused,
    EventChangedMeanwhile,
    KeptLonger,
    ListKept,
    MovedIntoPast,
    PublishedOnce,
    create_event,
    delete_draft,
    revise_event,
)

__all__ = [
    "TOLD",
    "UNUSED_IMAGE_KEPT",
    "CampaignChangedMeanwhile",
    "CapacityBelowSeats",
    "DraftRefused",
    "EventChangedMeanwhile",
    "KeptLonger",
    "ListKept",
    "MovedIntoPast",
    "NoSuchImage",
    "NotFromHere",
    "PlaceMissing",
    "PublishedOnce",
    "SlugTaken",
    "SlugUnfit",
    "TitleMissing",
    "cancel_event",
    "close_list",
    "create_campaign",
    "create_event",
    "defend_event",
    "delete_draft",
    "end_defence",
    "erase_unused_images",
    "forget_versions",
    "keep_image",
    "open_list",
    "postpone_event",
    "publish_event",
    "reinstate",
    "revise_campaign",
    "revise_event",
    "withdraw_event",
]
