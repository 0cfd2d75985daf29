"""The page in a real browser: what is drawn, what a click, a key and a brush do, and that the console stays empty."""

import threading
from functools import partial

import pytest
import stemma
from analysis_jobs import JOBS
from browser import Browser, require
from run_files import write_run
from test_bad_files import NAUGHTY, THIN
from test_derived import DEVICES, FAMILY, ON_GPUS

# Heartbeats, kills and browsers run against a real clock. If a busy machine delayed a test, it is tried once more, and
# reported.
pytestmark = pytest.mark.flaky(reruns=1)


@pytest.fixture(scope="module")
def browser():
    require()
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture
def show(browser, tmp_path):
    def write(*runs):
        stemma.report.write(list(runs), tmp_path / "page.html")
        return browser.open((tmp_path / "page.html").as_uri())

    yield write
    assert browser.console() == []


def in_view(page, chart):
    page.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", chart)
    page.settle()


@pytest.mark.parametrize("name", [name for name in JOBS])
def test_page_of_each_scheduler(name, run_of, show):
    run = stemma.open(run_of(name))
    page = show(run_of(name))
    assert page.run("return document.querySelector('.won .big').textContent") == f"member {run.best_member()}"
    charts = page.charts()
    births = bool((run.members["parent"] >= 0).any())
    assert any(label.startswith("Genealogy") for label in charts) == births
    for label, (marks, colors) in charts.items():
        assert marks >= 1 and colors >= 3, f"{label}: {marks} marks, {colors} colors"
    by = {label.split(";")[0].split(" of ")[0]: marks for label, (marks, _) in charts.items()}
    reported = int(run.summary["best"].notna().sum())
    assert by["Parallel coordinates"] >= reported
    assert by["Leases"] == len(run.leases)
    if births:
        assert by["Genealogy"] >= len(run)
    text = page.run("return document.body.textContent")
    assert run.name in text and f"{len(run.failures)} failure" in text if len(run.failures) else "nothing" in text


def test_click_opens_a_member_and_keys_go_through_the_family(run_of, show):
    run = stemma.open(run_of("gpbt"))
    page = show(run_of("gpbt"))
    best = run.best_member()
    page.run("document.querySelector('.won button').click()")
    page.settle()
    detail = "document.querySelector('#detail h2').textContent"
    assert page.run(f"return {detail}") == f"Member {best}"
    body = page.run("return document.getElementById('detail').textContent")
    for ancestor in run.path_to(best)[:-1]:
        assert f"#{ancestor}" in body
    assert f"stemma show gpbt.h5 {best}" in body and "Log lines" in body
    press = partial(
        page.run,
        "document.querySelector('#tree canvas').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: arguments[0], bubbles: true, cancelable: true}))",
    )
    press("ArrowLeft")
    assert page.run(f"return {detail}") == f"Member {run.members['parent'][best]}"
    press("ArrowRight")
    assert page.run(f"return {detail}") == f"Member {best}"
    page.run("dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
    assert page.run("return document.getElementById('detail').hidden")


BIRTHS = [(2, "repeat", [2]), (3, "exploit", [0, 2]), (5, "continuation", [0, 2]), (6, "backtrack", [0, 2])]


@pytest.mark.parametrize("cause, name, path", BIRTHS)
def test_births_have_a_name_and_all_but_repeats_a_lineage(show, tmp_path, cause, name, path):
    write_run(tmp_path / "born.h5", {**FAMILY, "members": {**FAMILY["members"], "cause": [1, 1, cause]}}, seconds=8.0)
    page = show(tmp_path / "born.h5")
    page.run("stemma.select(2)")
    page.settle()
    assert f"{name} after" in page.run("return document.getElementById('detail').textContent")
    assert page.run("return stemma.pathTo(stemma.state.run, 2)") == path


def test_a_click_on_the_tree_finds_the_winner(run_of, show):
    from selenium.webdriver.common.action_chains import ActionChains

    page = show(run_of("pbt"))
    in_view(page, "#tree canvas")
    x, y = map(int, page.run("return document.querySelector('#tree canvas').dataset.winner").split())
    canvas = page.driver.find_element("css selector", "#tree canvas")
    box = canvas.rect
    ActionChains(page.driver).move_to_element_with_offset(
        canvas, int(x - box["width"] / 2) - 3, int(y - box["height"] / 2)
    ).click().perform()
    page.settle()
    assert (
        page.run("return document.querySelector('#detail h2').textContent")
        == f"Member {stemma.open(run_of('pbt')).best_member()}"
    )


def test_families_fold_and_open_again(run_of, show):
    run = stemma.open(run_of("gpbt"))
    page = show(run_of("gpbt"))
    founder = run.path_to(run.best_member())[0]
    below = int(run.summary["descendants"][founder]) - 1
    in_view(page, "#tree canvas")
    page.run("stemma.select(arguments[0])", int(founder))
    page.settle()
    drawn = "return Number(document.querySelector('#tree canvas').dataset.marks)"
    before = page.run(drawn)

    space = (
        "document.querySelector('#tree canvas')"
        ".dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true, cancelable: true}))"
    )
    page.run(space)
    page.settle()
    assert before - page.run(drawn) >= below
    page.run(space)
    page.settle()
    assert page.run(drawn) == before


def test_two_fingers_zoom_and_one_scrolls_the_page(run_of, show):
    page = show(run_of("gpbt"))
    in_view(page, "#tree canvas")
    finger = """
        const canvas = document.querySelector('#tree canvas'), box = canvas.getBoundingClientRect();
        for (const [type, id, x, y] of arguments[0])
          canvas.dispatchEvent(new PointerEvent(type, {pointerId: id, pointerType: 'touch', bubbles: true, buttons: 1,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height}));"""
    drawn = "return document.querySelector('#tree canvas').toDataURL()"
    whole = page.run(drawn)

    page.run(finger, [["pointerdown", 1, 0.5, 0.4], ["pointermove", 1, 0.5, 0.2], ["pointerup", 1, 0.5, 0.2]])
    page.settle()
    assert page.run(drawn) == whole
    page.run(
        finger,
        [
            ["pointerdown", 1, 0.5, 0.4],
            ["pointerdown", 2, 0.5, 0.6],
            ["pointermove", 2, 0.5, 0.9],
            ["pointerup", 1, 0.5, 0.4],
            ["pointerup", 2, 0.5, 0.9],
        ],
    )
    page.settle()
    assert page.run(drawn) != whole
    page.run("[...document.querySelectorAll('#tree button')].find((b) => b.textContent === 'Whole tree').click()")
    page.settle()
    assert page.run(drawn) == whole


def test_brushing_one_chart_chooses_in_all(run_of, show):
    from selenium.webdriver.common.action_chains import ActionChains

    page = show(run_of("asha"))
    in_view(page, "#parallel canvas")
    canvas = page.driver.find_element("css selector", "#parallel canvas")
    box = canvas.rect
    right = int(box["width"] / 2) - 48  # the metric's axis, where good is up
    ActionChains(page.driver).move_to_element_with_offset(
        canvas, right, -int(box["height"] / 2) + 32
    ).click_and_hold().move_by_offset(0, 70).release().perform()
    page.settle()
    chosen = page.run("return stemma.state.mask.reduce((sum, x) => sum + x, 0)")
    run = stemma.open(run_of("asha"))
    assert 0 < chosen < run.summary["best"].notna().sum()
    assert page.run("return stemma.state.mask[stemma.state.run.winner]") == 1
    assert f"{chosen} of" in page.run("return document.querySelector('#parallel .controls').textContent")
    assert page.run("return document.querySelectorAll('#members tbody tr').length") == min(25, chosen)
    page.run("[...document.querySelectorAll('#parallel button')].find((b) => b.textContent === 'Clear ranges').click()")
    assert page.run("return stemma.state.mask") is None


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out(dark, run_of, show):
    page = show(run_of("asha"))
    ratios = page.run(
        """
        document.documentElement.dataset.theme = arguments[0] ? 'dark' : 'light'; stemma.theme.cache = null;
        const style = getComputedStyle(document.documentElement);
        const linear = (x) => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
        const light = (name) => {
          const hex = style.getPropertyValue(name).trim();
          const v = [1, 3, 5].map((i) => linear(parseInt(hex.slice(i, i + 2), 16) / 255));
          return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
        };
        const ratio = (a, b) => {
          const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
          return (x + 0.05) / (y + 0.05);
        };
        const names = ['--ink', '--soft', '--accent', '--second', '--bad', '--win'];
        const pairs = names.flatMap((name) => ['--card', '--page'].map((back) => [name, back]));
        return Object.fromEntries(pairs.map(([name, back]) => [name + ' on ' + back, ratio(name, back)]));""",
        dark,
    )
    page.run("delete document.documentElement.dataset.theme; stemma.theme.cache = null")
    too_faint = {
        pair: value for pair, value in ratios.items() if value < (3.0 if "--win" in pair else 4.5)
    }  # WCAG AA; graphics 3
    assert not too_faint


def test_names_are_shown_and_not_run(tmp_path, show):
    space = [
        {
            "name": NAUGHTY,
            "type": "categorical",
            "role": "fixed",
            "choices": [NAUGHTY, "b"],
            "default": None,
            "when": [],
        }
    ]
    tables = {
        **FAMILY,
        "members": {
            **{k: v for k, v in FAMILY["members"].items() if k not in ("lr", "width", "activation")},
            NAUGHTY: [0, 1, 0],
        },
    }
    write_run(tmp_path / "naughty.h5", tables, name=NAUGHTY, parameters=space, job=NAUGHTY)
    page = show(tmp_path / "naughty.h5")
    assert page.run("return document.querySelector('h1').textContent") == NAUGHTY
    assert page.run("return document.title").startswith("</script>")
    assert page.run("return document.images.length") == 0


@pytest.mark.parametrize("name", THIN)
def test_thin_runs_are_drawn(name, tmp_path, show):
    write_run(tmp_path / "thin.h5", THIN[name], finished=False, seconds=9.0)
    page = show(tmp_path / "thin.h5")
    page.charts()
    assert "not finished" in page.run("return document.querySelector('.chip').textContent")


def test_runs_side_by_side(run_of, show):
    page = show(run_of("asha"), run_of("random"), run_of("hyperband"))
    assert page.charts()["Best so far of all runs"][0] == 3
    assert page.run("return document.querySelectorAll('#comparison tbody tr').length") == 3


def test_what_the_best_cost(tmp_path, show):
    write_run(tmp_path / "gpus.h5", ON_GPUS, seconds=8.0, text=DEVICES)
    page = show(tmp_path / "gpus.h5")
    cells = "return [...document.querySelectorAll('.cost th, .cost td')].map((cell) => cell.textContent)"
    assert page.run(cells) == [
        "valid_loss",
        "member",
        "after",
        "epochs in all",
        "GPU hours",
        "0.5",
        "#0",
        "2 s",
        "2",
        "8.33e-4",
        "0.2",
        "#2",
        "6 s",
        "6",
        "0.003333",
    ]
    page.run("[...document.querySelectorAll('#answers button')].find((one) => one.textContent === 'GPU time').click()")
    page.settle()
    marks, _ = next(marks for label, marks in page.charts().items() if label.startswith("Best valid_loss"))
    assert marks >= 1


def test_two_thousand_members(large, show):
    page = show(large)
    charts = page.charts()
    assert all(marks for marks, _ in charts.values())


def test_a_phone_needs_no_sideways_scrolling(run_of, tmp_path):
    require()
    phone = Browser(390, 844, phone=True)
    try:
        stemma.report.write([run_of("gpbt")], tmp_path / "page.html")
        phone.open((tmp_path / "page.html").as_uri())
        assert phone.run("return document.documentElement.scrollWidth") <= 390
        small = phone.run(
            "return [...document.querySelectorAll('button:not(.link), select')].filter((b) => "
            "b.getBoundingClientRect().height < 28).length"
        )
        assert small == 0
        assert phone.console() == []
    finally:
        phone.close()


def test_the_follower_takes_up_what_is_new(tmp_path, browser):
    from stemma.report.server import make_server

    first = {
        table: {name: values[:2] for name, values in FAMILY[table].items()} for table in FAMILY if table != "units"
    }
    first["units"] = {name: values[:4] for name, values in FAMILY["units"].items()}
    write_run(tmp_path / "run.h5", first, finished=False, seconds=3.0)
    server = make_server(stemma.open(tmp_path / "run.h5"), "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.open(server.address)
        assert browser.run("return stemma.state.run.winner") == 0
        write_run(tmp_path / "next.h5", FAMILY, seconds=8.0)
        (tmp_path / "next.h5").rename(tmp_path / "run.h5")  # as the program does when a search ends
        browser.wait("stemma.state.run.winner === 2", "the new best is shown")
        assert browser.console() == []
    finally:
        server.shutdown()
        server.server_close()
        browser.driver.get("about:blank")
