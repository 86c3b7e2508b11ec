// Maps from own polygons and points; configured tiles go underneath.
"use strict";

(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const areaStyle = (kind) => {
    const styles = {
      street: { color: colour("--ink-3"), weight: 2, fill: false },
      community: { color: colour("--line-strong"), weight: 1.2, fill: false },
      grid: { color: colour("--line"), weight: 0.8, fill: false },
      vending: { color: colour("--good"), weight: 1.5, fillColor: colour("--good"), fillOpacity: 0.15 },
      "zone-forbidden": { color: colour("--late"), weight: 1, dashArray: "4 3", fillOpacity: 0.05 },
      "zone-strict": { color: colour("--soon"), weight: 1, dashArray: "4 3", fillOpacity: 0.05 },
    };
    return styles[kind] || { color: colour("--accent"), weight: 1, dashArray: "2 4", fillOpacity: 0.03 };
  };

  const start = (element) => {
    const data = element.dataset;
    const shifted = Boolean(data.tiles) && data.crs === "gcj02";
    const onMap = (lat, lon) => (shifted ? window.xunchengPoints.toGcj02(lat, lon) : [lat, lon]);
    const offMap = (lat, lon) => (shifted ? window.xunchengPoints.toWgs84(lat, lon) : [lat, lon]);
    const map = L.map(element, { preferCanvas: true, attributionControl: false, minZoom: 9, maxZoom: 19 });
    if (data.tiles) L.tileLayer(data.tiles, { maxZoom: 19 }).addTo(map);
    map.setView(onMap(27.113, 114.986), 14);

    const areas = fetch(data.areas).then((answer) => answer.json()).then((found) => {
      const layer = L.geoJSON(found, {
        interactive: false,
        coordsToLatLng: ([lon, lat]) => L.latLng(...onMap(lat, lon)),
        style: (feature) => areaStyle(feature.properties.kind),
        onEachFeature: (feature, shape) => {
          if (feature.properties.kind === "street") {
            shape.bindTooltip(feature.properties.name, { permanent: true, direction: "center", className: "street-name" });
          }
        },
      }).addTo(map);
      return layer;
    });

    if (data.cases) showCases(map, data, onMap, areas);
    else showPoint(map, element, onMap, offMap, areas);
  };

  const showPoint = (map, element, onMap, offMap, areas) => {
    const { lat, lon, accuracy } = element.dataset;
    const style = { radius: 8, color: colour("--surface"), weight: 2, fillColor: colour("--accent"), fillOpacity: 1 };
    let marker = null;
    if (lat && lon) {
      const at = onMap(Number(lat), Number(lon));
      if (Number(accuracy) > 0) {
        L.circle(at, { radius: Number(accuracy), color: colour("--accent"), weight: 1, fillOpacity: 0.08 }).addTo(map);
      }
      areas.then(() => { marker = L.circleMarker(at, style).addTo(map); });
      map.setView(at, 16);
    } else {
      areas.then((layer) => layer.getBounds().isValid() && map.fitBounds(layer.getBounds()));
    }
    if (!("pick" in element.dataset)) return;
    map.on("click", (event) => {
      if (marker) marker.remove();
      marker = L.circleMarker(event.latlng, style).addTo(map);
      const [wgsLat, wgsLon] = offMap(event.latlng.lat, event.latlng.lng);
      document.getElementById("lat").value = wgsLat.toFixed(6);
      document.getElementById("lon").value = wgsLon.toFixed(6);
    });
  };

  const clusterIcon = (cluster) => {
    const late = cluster.getAllChildMarkers().some((marker) => marker.options.tone === "late");
    const count = cluster.getChildCount();
    const size = count < 10 ? 32 : count < 100 ? 38 : 46;
    return L.divIcon({ html: String(count), className: `cluster ${late ? "late" : ""}`, iconSize: [size, size] });
  };

  const showCases = (map, data, onMap, areas) => {
    const tones = { late: colour("--late"), soon: "#e08a00", calm: colour("--accent") };
    const group = L.markerClusterGroup({
      iconCreateFunction: clusterIcon, showCoverageOnHover: false, maxClusterRadius: 46, disableClusteringAtZoom: 17,
    });
    Promise.all([fetch(data.cases).then((answer) => answer.json()), areas]).then(([points, layer]) => {
      for (const point of points) {
        const marker = L.circleMarker(onMap(point.lat, point.lon), {
          radius: 7, color: colour("--surface"), weight: 2, fillColor: tones[point.tone], fillOpacity: 1, tone: point.tone,
        });
        marker.bindTooltip(point.label);
        marker.on("click", () => htmx.ajax("GET", `${data.panel}/${point.id}`, "#map-panel"));
        group.addLayer(marker);
      }
      map.addLayer(group);
      const bounds = layer.getBounds();
      if (bounds.isValid()) map.fitBounds(bounds);
    });
  };

  for (const element of document.querySelectorAll("[data-map]")) start(element);
})();
