(() => {
  const clock = (seconds) => {
    const tenths = Math.round(seconds * 10);
    const minutes = Math.floor(tenths / 600);
    const hours = Math.floor(minutes / 60);
    const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
    return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  };
  const players = [];
  let current = null;

  const setUp = (chapter) => {
    const audio = chapter.querySelector("audio");
    if (!audio) return;
    const find = (selector) => chapter.querySelector(selector);
    const play = find(".play"), seek = find(".seek"), shown = find(".clock"), loop = find(".loop input"), told = find(".told");
    const speeds = [...chapter.querySelectorAll("[data-speed]")];
    const pictures = [...chapter.querySelectorAll(".picture")];
    const duration = Number(chapter.dataset.duration);
    let sounding = audio, speed = 1, slow = null;
    audio.removeAttribute("controls");
    audio.classList.add("replaced");
    find(".bar-of-player").hidden = false;

    const position = () => Math.min(sounding.currentTime * speed, duration);
    const show = () => {
      const at = position();
      seek.value = at;
      shown.textContent = `${clock(at)} / ${clock(duration)}`;
      seek.setAttribute("aria-valuetext", `${clock(at)} of ${clock(duration)}`);
      play.textContent = sounding.paused ? "▶" : "❚❚";
      play.setAttribute("aria-label", sounding.paused ? "Play" : "Pause");
      for (const picture of pictures) {
        const start = Number(picture.dataset.start), end = Number(picture.dataset.end);
        const cursor = picture.querySelector(".cursor");
        cursor.hidden = at < start || at > end;
        cursor.style.left = `${(100 * (at - start)) / (end - start)}%`;
        if (!sounding.paused && !cursor.hidden) follow(picture, (at - start) / (end - start));
      }
    };
    const follow = (picture, fraction) => {
      const frame = picture.parentElement;
      if (frame.scrollWidth <= frame.clientWidth) return;
      const x = fraction * picture.clientWidth;
      if (x < frame.scrollLeft || x > frame.scrollLeft + 0.9 * frame.clientWidth) frame.scrollLeft = x - 0.2 * frame.clientWidth;
    };
    const isOutsideLoop = () => position() < Number(loop.dataset.start) || position() >= Number(loop.dataset.end);
    const run = () => {
      if (loop && loop.checked && isOutsideLoop()) sounding.currentTime = Number(loop.dataset.start) / speed;
      show();
      if (!sounding.paused) requestAnimationFrame(run);
    };
    const watch = (sound) => {
      sound.addEventListener("play", () => requestAnimationFrame(run));
      for (const kind of ["pause", "ended", "seeked", "timeupdate", "loadedmetadata"]) sound.addEventListener(kind, show);
    };
    const player = {
      toggle() { if (sounding.paused) player.start(); else sounding.pause(); },
      start() {
        for (const other of players) if (other !== player) other.pause();
        current = player;
        sounding.play().catch(() => { told.textContent = "This browser cannot play the sound."; });
      },
      pause() { sounding.pause(); },
      move(seconds) { player.seek(position() + seconds); },
      seek(seconds) {
        current = player;
        if (loop && (seconds < Number(loop.dataset.start) || seconds >= Number(loop.dataset.end))) loop.checked = false;
        sounding.currentTime = Math.min(Math.max(0, seconds), duration) / speed;
        show();
      },
      async speed(value) {
        if (value !== 1 && slow === null) {
          slow = new Audio();
          try {
            const progress = (done) => { told.textContent = `preparing half speed: ${Math.round(100 * done)} %`; };
            progress(0);
            slow.src = URL.createObjectURL(await stretch(audio.src, Number(chapter.dataset.rate), value, progress));
            told.textContent = "";
            watch(slow);
          } catch (error) {
            slow = null;
            told.textContent = "This browser cannot prepare half speed.";
            return;
          }
        }
        if (value !== 1 && !slow.src) return;
        const at = position(), plays = !sounding.paused;
        sounding.pause();
        sounding = value === 1 ? audio : slow;
        speed = value;
        sounding.currentTime = at / speed;
        if (plays) player.start();
        for (const button of speeds) button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === value));
        show();
      },
      nextSpeed() { player.speed(speed === 1 ? 0.5 : 1); },
    };
    players.push(player);
    current = current || player;
    watch(audio);
    play.addEventListener("click", player.toggle);
    seek.addEventListener("input", () => player.seek(Number(seek.value)));
    if (loop) loop.addEventListener("change", run);
    for (const button of speeds) button.addEventListener("click", () => player.speed(Number(button.dataset.speed)));
    for (const button of chapter.querySelectorAll("[data-at]")) {
      button.addEventListener("click", () => { player.seek(Number(button.dataset.at)); player.start(); });
    }
    for (const picture of pictures) {
      picture.addEventListener("click", (event) => {
        const axis = picture.querySelector(".axis").getBoundingClientRect();
        const fraction = Math.min(Math.max(0, (event.clientX - axis.left) / axis.width), 1);
        const start = Number(picture.dataset.start), end = Number(picture.dataset.end);
        player.seek(start + fraction * (end - start));
      });
    }
    show();
  };
  document.querySelectorAll("[data-chapter]").forEach(setUp);

  document.addEventListener("keydown", (event) => {
    if (!current || event.ctrlKey || event.altKey || event.metaKey) return;
    const on = event.target.closest("button, a, summary, input");
    const isSeek = on && on.classList.contains("seek");
    if (event.key === " " && (!on || isSeek)) current.toggle();
    else if (event.key === "ArrowRight" && (!on || isSeek)) current.move(event.shiftKey ? 5 : 1);
    else if (event.key === "ArrowLeft" && (!on || isSeek)) current.move(event.shiftKey ? -5 : -1);
    else if (event.key === "s" || event.key === "S") current.nextSpeed();
    else return;
    event.preventDefault();
  });

  const openCard = () => {
    const card = document.getElementById(location.hash.slice(1));
    if (card && card.tagName === "DETAILS") card.open = true;
  };
  addEventListener("hashchange", openCard);
  openCard();
})();
