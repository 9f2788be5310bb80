"""What `marked` asserts is shown in full."""

import pytest

pytest.register_assert_rewrite("marked")
