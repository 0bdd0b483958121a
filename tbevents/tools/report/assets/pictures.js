// Logged pictures: decoded while they are near the window, a few at a time. Of hundreds of large ones, most are never seen.

const BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"; // a transparent pixel
const DECODED = 2 ** 24; // pixels that are decoded at the same time; a picture that has more is decoded by itself

class Pictures {
  static of = new WeakMap(); // img -> what it shows
  static wanted = new Set(); // those near the window that are not shown yet
  static busy = 0; // pixels that are being decoded
  static observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      Pictures.wanted.delete(target);
      if (isIntersecting) Pictures.wanted.add(target);
      else target.src = BLANK;
    }
    Pictures.work();
  }, { rootMargin: "400px" });

  /** Shows all at once, for paper; or those near the window again. */
  static showAll(all) {
    for (const image of document.querySelectorAll("img")) {
      Pictures.observer.unobserve(image);
      if (all) image.src = Pictures.of.get(image).source;
      else Pictures.observer.observe(image);
    }
  }

  /** Shows what is wanted, within the bound. */
  static work() {
    for (const image of Pictures.wanted) {
      const { source, width, height } = Pictures.of.get(image);
      if (Pictures.busy > 0 && Pictures.busy + width * height > DECODED) return;
      Pictures.wanted.delete(image);
      Pictures.busy += width * height;
      image.src = source;
      const done = () => {
        Pictures.busy -= width * height;
        Pictures.work();
      };
      image.decode().then(done, done); // one that is out of view again fails to
    }
  }
}

/** An image of the page's; its room is kept while it is not shown. */
function pictureElement(picture, alt) {
  const image = make("img", { src: BLANK, alt, decoding: "async" });
  image.style.aspectRatio = `${picture.width} / ${picture.height}`;
  Pictures.of.set(image, picture);
  Pictures.observer.observe(image);
  return image;
}
