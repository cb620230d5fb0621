"""Peachdash: review sentiment for the businesses of Peach Analytics.

`make run` or `peachdash serve` opens it; `streamlit run app.py` does too.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from peachdash.ui.client_link import link_in_address
from peachdash.ui.filters import carry_filters
from peachdash.ui.frame import framed, render_frame
from peachdash.ui.gate import (
    Admission,
    admit,
    render_account,
    render_guise,
    render_refusal,
    render_unassigned,
    require,
)
from peachdash.ui.guard import guard
from peachdash.ui.made_by import made_by_below
from peachdash.ui.navigation import Entry, navigate
from peachdash.ui.notices import render_notice
from peachdash.ui.review_detail import render_opened_review

PAGES = (
    Entry("Reviews", "pages/overview.py", "Overview", ":material/storefront:", default=True),
    Entry("Reviews", "pages/business.py", "Business", ":material/show_chart:"),
    Entry("Reviews", "pages/complaints.py", "Complaints", ":material/report:"),
    Entry(
        "Reviews",
        "pages/review_queue.py",
        "Review queue",
        ":material/fact_check:",
        lambda scope: scope.may_decide,
    ),
    Entry("Reviews", "pages/feedback.py", "Feedback", ":material/flag:"),
    Entry("Models", "pages/before_after.py", "Before and after", ":material/compare_arrows:"),
    Entry("Models", "pages/label.py", "Label", ":material/label:", lambda scope: scope.may_label),
    Entry("Models", "pages/adjudicate.py", "Adjudicate", ":material/balance:", lambda scope: scope.may_label),
    Entry(
        "Models",
        "pages/data_sets.py",
        "Data sets",
        ":material/dataset:",
        lambda scope: scope.may_label,
    ),
    Entry("Models", "pages/train.py", "Train", ":material/model_training:", lambda scope: scope.may_label),
    Entry("Models", "pages/models.py", "Models", ":material/rule:", lambda scope: scope.may_label),
    Entry("Data", "pages/upload.py", "Upload", ":material/upload_file:", lambda scope: scope.may_import),
    Entry("House", "pages/people.py", "People", ":material/group:", lambda scope: scope.may_manage_people),
    Entry(
        "House", "pages/audit.py", "Audit log", ":material/history:", lambda scope: scope.may_manage_people
    ),
    Entry("", "pages/client_link.py", "Your reviews", ":material/reviews:", public=True),
)

render_frame()
admission = Admission(None)
with framed(), guard():
    admission = admit()
page, entry = navigate(PAGES, None if link_in_address() else admission.scope)

with framed(), guard():
    if entry.public:
        page.run()
    elif admission.refused is not None:
        render_refusal(admission.refused)
    elif admission.scope is not None:
        require(entry.may(admission.scope))
        carry_filters(page.url_path)
        render_account(admission.scope)
        render_guise()
        render_notice()
        if admission.scope.business_ids == frozenset():
            render_unassigned(admission.scope)
        else:
            with made_by_below():
                page.run()
            render_opened_review()
