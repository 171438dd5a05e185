"""The demo: two server processes, one address, and a page that either can answer.

Where things are:

    page.py        what an application author writes: the handlers and the page
    server.py      what a framework author writes: two routes around a Dispatcher
    state.py       the page's state, which travels in the page, signed
    worker.py      one server process
    front.py       the address in front of the processes
    supervisor.py  starts and stops all of it
    visit.py       a visit to the page without a browser
    check.py       plays every section in such visits
    main.py        what the command calls
"""
