// Points for a map whose tiles are shifted (GCJ-02). The same formula as server/areas/gcj02.py.
"use strict";

window.xunchengPoints = (() => {
  const A = 6378245.0;
  const EE = 0.00669342162296594323;
  const { PI, sin, cos, sqrt, abs } = Math;

  const ripple = (x) => (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3;
  const north = (x, y) =>
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple(x)
    + (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3
    + (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;
  const east = (x, y) =>
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple(x)
    + (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3
    + (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;

  const shift = (lat, lon) => {
    const x = lon - 105;
    const y = lat - 35;
    const magic = 1 - EE * sin(lat / 180 * PI) ** 2;
    const dLat = north(x, y) * 180 / ((A * (1 - EE)) / (magic * sqrt(magic)) * PI);
    const dLon = east(x, y) * 180 / (A / sqrt(magic) * cos(lat / 180 * PI) * PI);
    return [dLat, dLon];
  };

  const toGcj02 = (lat, lon) => {
    const [dLat, dLon] = shift(lat, lon);
    return [lat + dLat, lon + dLon];
  };
  const toWgs84 = (lat, lon) => {
    let [a, b] = [lat, lon];
    for (let round = 0; round < 5; round += 1) {
      const [dLat, dLon] = shift(a, b);
      [a, b] = [lat - dLat, lon - dLon];
    }
    return [a, b];
  };
  return { toGcj02, toWgs84 };
})();
