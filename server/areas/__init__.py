"""Divisions, grids, zones and beats; which grid a point lies in."""
