"""What a VPC's flow logs may do: write streams into one log group, from one account's flow logs only."""

from typing import Any


def log_group_arn(account: str, region: str, log_group: str) -> str:
    """The ARN of a log group by name, without the trailing `:*` that stands for its streams."""
    return f"arn:aws:logs:{region}:{account}:log-group:{log_group}"


def flow_log_trust(account: str, region: str) -> dict[str, Any]:
    """Who may assume the role: the flow log service, for this account's flow logs in this region.

    Both conditions keep another account's flow log from writing with this role (Amazon VPC User Guide,
    "IAM role for publishing flow logs to CloudWatch Logs").
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "FlowLogs",
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{region}:{account}:vpc-flow-log/*"},
                },
            }
        ],
    }


def flow_log_permissions(account: str, region: str, log_group: str) -> dict[str, Any]:
    """What the role may do. The log group exists already, so it may not create one."""
    group = log_group_arn(account, region, log_group)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteStreams",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [group, f"{group}:*"],
            },
            {
                "Sid": "FindTheGroup",
                "Effect": "Allow",
                "Action": "logs:DescribeLogGroups",
                # It lists groups, so none can be named (Service Authorization Reference, CloudWatch Logs).
                "Resource": f"arn:aws:logs:{region}:{account}:log-group:*",
            },
        ],
    }
