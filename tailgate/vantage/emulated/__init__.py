"""Emulated hosts: an EC2 instance of moto's is a network namespace on this host, with its own address, processes and files.

`keeper` makes and removes them beside moto; `host` is what runs as the first process in each: metadata service, Systems
Manager agent, user data, timed shutdown. Where namespaces are not permitted, a host is a process with a loopback address.
"""
