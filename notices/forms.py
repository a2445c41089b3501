"""What a member wishes to be told, topic by topic, and in which language."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import language, wishes
from accounts.models import ONLY_BY_MAIL, Level, Membership, Topic

MEANINGS: Mapping[Topic, Any] = {
    Topic.CONFLICT: gettext_lazy("Two guests have the same nights, or too little time lies between them."),
    Topic.REQUEST: gettext_lazy("A guest wants more time, or asks to cancel, and waits for your answer."),
    Topic.SALE: gettext_lazy("A guest bought nights or hours."),
    Topic.CANCELLED: gettext_lazy("A sale was cancelled, shortened or moved to another home."),
    Topic.MONEY: gettext_lazy("A charge or a refund doesn't go through by itself."),
    Topic.CALENDAR: gettext_lazy("A calendar can't be read, is late, or dropped nights."),
    Topic.LINKS: gettext_lazy("A booking site doesn't read its Amplistay link, or hasn't seen a sale."),
    Topic.SOFTWARE: gettext_lazy("Your other software didn't answer, and is told nothing any more."),
    Topic.DIGEST: gettext_lazy(
        "Once, at eight in the morning, when something is new or waits for your answer."
    ),
}
YES_OR_NO = [(Level.MAIL, gettext_lazy("By e-mail")), (Level.OFF, Level.OFF.label)]


class WishesForm(forms.Form):
    """The language, and one choice for each topic; saving may find that nobody would be left to hear."""

    language = forms.ChoiceField(
        label=gettext_lazy("Your language"),
        help_text=gettext_lazy("In which your pages and e-mails are written. Guests get theirs."),
        required=False,
    )

    def __init__(self, member: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]  # of a ChoiceField
        self.fields["language"].initial = member.user.language
        for topic in Topic:
            self.fields[topic.value] = forms.ChoiceField(
                label=topic.label,
                help_text=MEANINGS[topic],
                choices=YES_OR_NO if topic in ONLY_BY_MAIL else Level.choices[::-1],
                initial=member.level(topic),
            )

    def save(self) -> bool:
        """Keep the choices; False, with the errors said at their fields, where they can't be kept."""
        levels = {topic: Level(self.cleaned_data[topic.value]) for topic in Topic}
        try:
            wishes.choose(self.member, levels)
        except wishes.SomebodyMustHear as error:
            for topic in error.topics:
                self.add_error(topic.value, self._nobody_else())
            return False
        language.learn(self.member.user, self.cleaned_data["language"])
        return True

    def _nobody_else(self) -> str:
        words = _(
            "Nobody else of %(organization)s is told about this, so somebody must be. Choose “%(least)s” at least."
        )
        return words % {"organization": self.member.organization.name, "least": Level.APP.label}
