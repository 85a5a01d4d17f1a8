"""AWS, whatever is asked of it: connecting, refusals, names and tags, prices; custody of what is created; the network around a host.

Plain functions over boto3 clients, so that an emulated account and AWS itself get the same calls. Who creates what is elsewhere:
endpoints in targets/sagemaker, hosts in vantage.
"""
