"""A process of the emulation as it is while it still loads: it reads no stdin. Ends by itself after two minutes."""

import time

time.sleep(120)
