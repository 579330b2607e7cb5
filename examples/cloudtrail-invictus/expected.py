"""Expected results for cloudtrail-invictus, from the raw files."""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from expect import *

RIGHTS = {
    "CreateUser", "CreateRole", "CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile", "CreatePolicy",
    "AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy", "PutUserPolicy", "PutRolePolicy",
    "PutGroupPolicy", "AddUserToGroup", "UpdateAssumeRolePolicy"}
WEAKEN = {"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "DeleteFlowLogs", "DeleteEventDataStore"}
SHARED = ("requestParameters.launchPermission.add.items[0].userId",
          "requestParameters.createVolumePermission.add.items[0].userId",
          "requestParameters.valuesToAdd[0]",
          "requestParameters.bucketPolicy.Statement[0].Principal.AWS",
          "requestParameters.principal")


def first(values):
    return next((v for v in values if v is not None), None)


def event(r):
    def get(path):
        return at(r.fields, path)

    return {
        "event_id": get("eventID"),
        "event_time": timestamp(get("eventTime")),
        "source": get("eventSource"),
        "name": get("eventName"),
        "account": get("recipientAccountId"),
        "region": get("awsRegion"),
        "read_only": boolean(get("readOnly")),
        "error": get("errorCode"),
        "actor": get("userIdentity.arn"),
        "address": get("sourceIPAddress"),
        "policy": get("requestParameters.policyArn"),
        "opened_to": first([get("requestParameters.cidrIp"),
                            get("requestParameters.ipPermissions.items[0].ipRanges.items[0].cidrIp")]),
        "shared_with": first([get(p) for p in SHARED]),
        "document": first([get("requestParameters.assumeRolePolicyDocument"), get("requestParameters.policyDocument")]),
        "mfa": get("additionalEventData.MFAUsed"),
        "login": get("responseElements.ConsoleLogin"),
        "file": r.file,
    }


events = Population(
    "events", read_json(data_dir(), "*.json.gz", records="Records"), event, ("event_id",),
    required=("event_time", "source", "name", "account", "region", "read_only", "address"),
    day=lambda r: r["event_time"].date(), first="2023-07-10", last="2023-07-10")
items = events.items
events.compare("events-stated", len(items), 2900)
events.compare("files-stated", len({r["file"] for r in items}), 55)
events.compare("names-stated", len({r["name"] for r in items}), 260)

in_time = sorted(items, key=lambda r: (r["event_time"], r["item"]))
for earlier, r in zip([None] + in_time, in_time):
    r["before"] = earlier


def denied(r):
    return "AccessDenied" in r["error"] or "Unauthorized" in r["error"]


def silence(r):
    if r["before"] is None:
        return NOT_APPLICABLE
    return (r["event_time"] - r["before"]["event_time"]).total_seconds() <= 600


def open_port(r):
    return None if r["opened_to"] is None else r["opened_to"] not in ("0.0.0.0/0", "::/0")


def trust(r):
    if r["document"] is None:
        return None
    m = re.search("arn:aws:iam::([0-9]{12}):", r["document"])
    return m is None or m.group(1) == r["account"]


def by_provisioning(r):
    return r["actor"] is not None and re.match("arn:aws:sts::.*:assumed-role/provisioning/", r["actor"]) is not None


def when(condition, judge):
    return lambda r: judge(r) if condition(r) else NOT_APPLICABLE


def done(*names):
    return lambda r: r["error"] is None and r["name"] in names


emit([events], {
    "IAM-01.T1": test(
        events,
        A=when(lambda r: r["source"] == "iam.amazonaws.com" and done(*RIGHTS)(r), by_provisioning),
        B=when(done("AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"),
               lambda r: not r["policy"].endswith("/AdministratorAccess"))),
    "IAM-02.T1": test(
        events,
        A=when(lambda r: r["name"] == "ConsoleLogin" and r["login"] == "Success", lambda r: r["mfa"] == "Yes"),
        B=when(lambda r: r["name"] == "ConsoleLogin", lambda r: r["login"] == "Success")),
    "LOG-01.T1": test(
        events,
        A=when(lambda r: r["name"] in WEAKEN, lambda r: r["error"] is not None),
        B=when(lambda r: r["name"] in WEAKEN and r["error"] is not None, denied)),
    "LOG-02.T1": test(
        events, A=silence,
        B=lambda r: (r["account"], r["region"]) == ("123837392027", "us-east-1"),
        C=lambda r: r["error"] is None or not denied(r)),
    "NET-01.T1": test(
        events,
        A=when(done("AuthorizeSecurityGroupIngress"), open_port),
        B=when(lambda r: r["shared_with"] is not None and r["error"] is None, lambda r: r["account"] in r["shared_with"]),
        C=when(done("CreateRole", "UpdateAssumeRolePolicy"), trust)),
})
