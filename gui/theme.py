"""Colours and sizes of the monitor.

Traces differ in lightness as well as in hue (after Okabe & Ito), so that they can be told apart
by colour-blind eyes and on a grey print.
"""

NOISY = "#1c1c1c"
DENOISED = "#003f8f"
CLEAN = "#d55e00"
MARK = "#3c3c3c"

PAPER = "#fffaf8"
FINE_LINE = "#f7ddd8"
BOLD_LINE = "#eab6ac"
RULER = "#8a4f45"

STYLE = """
QWidget { font-size: 14px; color: #22262b; }
QMainWindow, #controls, #status { background: #f4f5f7; }
#controls { border-bottom: 1px solid #d3d7dc; }
#status { border-top: 1px solid #d3d7dc; }
#controls QLabel { color: #545b64; }
#caption { font-size: 12px; color: #545b64; }
#value { font-size: 22px; font-weight: bold; }
#heart_rate { font-size: 40px; font-weight: bold; color: #003f8f; }
#disclaimer { font-size: 12px; color: #545b64; }
#notice { background: #ffffff; border: 1px solid #b9bfc7; border-radius: 6px; }
#notice_title { font-size: 18px; font-weight: bold; }
"""
