"""What the tests do with a page."""

import json

import numpy as np
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


class Page:
    """A report that is open in the browser."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, *, width=1400, height=1000, dark=False):
        """Opens a file, in a window of that size; earlier logs are forgotten."""
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [scheme]})
        self.driver.get(path.as_uri())
        self.settle()
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        (element,) = self.all(selector)
        return element

    def settle(self):
        """Waits until what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; let left = 6; const main = document.getElementById('main');"
            "const wait = () => {"
            "  if (main.getAttribute('aria-busy') === 'true') left = 6;"
            "  if (left--) requestAnimationFrame(wait); else setTimeout(done, 20);"
            "}; wait();"
        )

    def wait(self, condition):
        WebDriverWait(self.driver, 20, ignored_exceptions=[StaleElementReferenceException]).until(lambda _: condition())

    def chart(self, tag, section="details.section"):
        """The chart of a tag, in view."""
        for card in self.all(f"{section} article.card"):
            if card.get_attribute("data-tag") == tag:
                self.run("arguments[0].scrollIntoView({block: 'center'})", card)
                self.wait(lambda card=card: card.find_elements(By.CSS_SELECTOR, "canvas"))
                self.settle()
                return card.find_element(By.CSS_SELECTOR, "figure.chart")
        raise AssertionError(f"no card of {tag!r}")

    def expect_lines(self, tag, lines, points):
        """Waits until the chart of a tag has so many curves, of so many points in all."""

        def found():
            chart = self.chart(tag)
            return int(chart.get_attribute("data-lines")), int(chart.get_attribute("data-points"))

        self.expect((lines, points), found)

    def expect_text(self, selector, text):
        """Waits until an element says that."""
        self.expect(text, lambda: self.one(selector).text)

    def expect(self, wanted, find):
        """Waits until a function answers so; what is drawn comes some frames later, or more on a busy machine."""
        seen = []

        def condition():
            seen[:] = [find()]
            return seen == [wanted]

        try:
            self.wait(condition)
        except TimeoutException:
            raise AssertionError(f"expected {wanted!r}, found {seen!r}") from None

    def choose(self, selector, text):
        """Chooses one of the options of a field, by its text."""
        (option,) = (each for each in self.all(f"{selector} option") if each.get_attribute("textContent") == text)
        self.choose_value(selector, option.get_attribute("value"))

    def choose_value(self, selector, value):
        """Likewise, by its value."""
        self.run(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))",
            self.one(selector),
            value,
        )
        self.settle()

    def colors(self, chart):
        """How many pixels of the chart's canvas have each colour."""
        pixels = self.run(
            "const canvas = arguments[0].querySelector('canvas'); const counts = {};"
            "const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
            "for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) {"
            "  const key = [data[at], data[at + 1], data[at + 2]].join(); counts[key] = (counts[key] ?? 0) + 1; }"
            "return counts",
            chart,
        )
        return {tuple(map(int, key.split(","))): count for key, count in pixels.items()}

    def picture(self, chart):
        """The chart's canvas, as a string that tells pictures apart."""
        return self.run("return arguments[0].querySelector('canvas').toDataURL()", chart)

    def drawn_steps(self, chart):
        """The columns of the canvas in which anything but the grid and labels is drawn: how wide the curves are."""
        return np.unique(self._drawn(chart)[:, 0])

    def drawn_rows(self, chart):
        """The rows likewise: how high the curves are."""
        return np.unique(self._drawn(chart)[:, 1])

    def _drawn(self, chart):
        places = self.run(
            "const canvas = arguments[0].querySelector('canvas'); const found = [];"
            "const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
            "for (let at = 0; at < data.length; at += 4) { const [r, g, b, a] = data.slice(at, at + 4);"
            "  if (a === 255 && Math.max(r, g, b) - Math.min(r, g, b) > 60) found.push([(at / 4) % canvas.width,"
            "    Math.floor(at / 4 / canvas.width)]); }"
            "return found",
            chart,
        )
        return np.array(places).reshape(-1, 2)

    def fill(self, selector, text):
        field = self.one(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", field)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text if text else Keys.DELETE)
        self.settle()

    def put(self, selector, value):
        """Gives a field its value at once, as when it is pasted: no part of it is seen before the rest."""
        self.run(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
            self.one(selector),
            value,
        )
        self.settle()

    def click(self, element):
        self.run("arguments[0].click()", element)
        self.settle()

    def drag(self, chart, start, end):
        """Drags over the plot from one place to another, as shares of its width, at half its height."""
        over = chart.find_element(By.CSS_SELECTOR, ".u-over")
        width = over.size["width"]
        actions = ActionChains(self.driver).move_to_element_with_offset(over, round((start - 0.5) * width), 0)
        actions.click_and_hold().move_by_offset(round((end - start) * width), 0).release().perform()
        self.settle()

    def hover(self, chart, x, y=0.5):
        over = chart.find_element(By.CSS_SELECTOR, ".u-over")
        offset = round((x - 0.5) * over.size["width"]), round((y - 0.5) * over.size["height"])
        ActionChains(self.driver).move_to_element_with_offset(over, *offset).perform()
        self.settle()

    def press(self, chart, *keys):
        chart.send_keys(*keys)
        self.settle()

    def click_chart(self, chart, x, y=0.5):
        over = chart.find_element(By.CSS_SELECTOR, ".u-over")
        offset = round((x - 0.5) * over.size["width"]), round((y - 0.5) * over.size["height"])
        ActionChains(self.driver).move_to_element_with_offset(over, *offset).click().perform()
        self.settle()

    def saved(self, chart, kind, folder):
        """Saves a chart by its menu ("PNG", "SVG" or "CSV"); returns the file's path."""
        self.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder), "eventsEnabled": False}
        )
        card = chart.find_element(By.XPATH, "ancestor::*[.//details[contains(@class, 'menu')]][1]")
        before = set(folder.iterdir())
        card.find_element(By.CSS_SELECTOR, ".menu > summary").click()
        (button,) = (each for each in card.find_elements(By.CSS_SELECTOR, ".menu button") if each.text == kind)
        button.click()
        found = []

        def done():
            found[:] = [
                path
                for path in set(folder.iterdir()) - before
                if path.suffix == f".{kind.lower()}" and path.stat().st_size
            ]
            return found

        self.wait(done)
        return found[0]

    def readings(self, chart):
        """The rows of the table of values below a chart."""
        card = chart.find_element(By.XPATH, "ancestor::article")
        return [
            [cell.get_attribute("textContent") for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
            for row in card.find_elements(By.CSS_SELECTOR, ".readings tbody tr")
        ]

    def spoken(self, chart):
        return chart.find_element(By.CSS_SELECTOR, ".spoken").get_attribute("textContent")

    def check_requests(self):
        """Nothing but the page itself may have been asked for, and pictures that are part of it."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        outside = [
            url for url in asked if not url.startswith(("file:", "data:", "about:", "chrome:", "blob:"))
        ]  # chrome: its own
        assert not outside, outside
        files = [url for url in asked if url.startswith("file:")]
        assert len(set(files)) <= 1, files

    def check_console(self):
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        messages = [text for text in messages if "willReadFrequently" not in text]  # of the tests' looking at pixels
        assert not messages, messages


class Address:
    """What `Page.open` opens: a URL in place of a file."""

    def __init__(self, url):
        self.url = url

    def as_uri(self):
        return self.url


def points(page, tag):
    """How many points the charts of a tag have; 0 if there is none yet."""
    for figure in page.all(f"details[id^=scalars] article[data-tag='{tag}'] figure.chart"):
        if figure.get_attribute("data-points"):
            return int(figure.get_attribute("data-points"))
    return 0
