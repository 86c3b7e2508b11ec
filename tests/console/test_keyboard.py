"""The keyboard is enough: `?` shows the keys, letters go places, lists are walked with j and k."""

from tests.console.conftest import SignedIn


def test_a_question_mark_shows_the_keys_and_escape_hides_them(signed_in: SignedIn) -> None:
    page = signed_in("acceptor1")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_g_and_a_letter_open_a_page_of_the_navigation(signed_in: SignedIn) -> None:
    page = signed_in("acceptor1")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/cases")


def test_j_and_x_walk_and_select_and_enter_opens(signed_in: SignedIn) -> None:
    page = signed_in("dispatcher1")
    page.goto("/cases?state=open&sort=due", wait_until="load")
    second = page.locator("a.row-link").nth(1).inner_text()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr.chosen.current td.c-number").inner_text() == second
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{second}")


def test_a_slash_goes_to_the_search_and_a_number_finds_its_case(signed_in: SignedIn) -> None:
    page = signed_in("leader1")
    page.goto("/cases")
    number = page.locator("a.row-link").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases?q=*")
    assert page.locator("td.c-number").all_inner_texts() == [number]


def test_v_swaps_the_photos_and_z_enlarges_them(signed_in: SignedIn) -> None:
    page = signed_in("acceptor1")
    page.goto("/cases?state=closed")
    page.locator("a.row-link").first.click()
    page.wait_for_selector("[data-side=after] img")
    page.wait_for_load_state("load")

    def left_edge(side: str) -> float:
        box = page.locator(f"[data-side={side}]").bounding_box()
        assert box is not None
        return box["x"]

    assert left_edge("before") < left_edge("after")
    page.keyboard.press("v")
    assert left_edge("after") < left_edge("before")
    page.keyboard.press("z")
    assert page.locator("#viewer").is_visible()
    page.keyboard.press("+")
    assert "scale(1.5)" in str(page.get_attribute("#viewer img", "style"))
    page.keyboard.press("ArrowRight")
    assert page.inner_text("[data-caption-here]").startswith("2 /")
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()
