"""Resource types of IAM."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:iam/role:Role",
        source=f"{TERRAFORM_AWS}/iam/role.go",
        replace_on=names("name namePrefix path"),
        computed=names("arn createDate inlinePolicies managedPolicyArns name uniqueId"),
        required=names("assumeRolePolicy"),
        unordered=names("inlinePolicies managedPolicyArns"),
        checked="A delete always asks iam:ListInstanceProfilesForRole, and takes the role out of those.",
        actions=Actions(
            create=qualified("iam", "CreateRole TagRole"),
            read=qualified(
                "iam", "GetRole ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole"
            ),
            update=qualified(
                "iam",
                "PutRolePermissionsBoundary TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
                "UpdateRoleDescription",
            ),
            delete=qualified("iam", "DeleteRole"),
            on=("arn:aws:iam::{account}:role{path}{name}",),
        ),
    ),
    ResourceType(
        token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        source=f"{TERRAFORM_AWS}/iam/openid_connect_provider.go",
        replace_on=names("url"),
        computed=names("arn thumbprintLists"),
        required=names("clientIdLists url"),
        unordered=names("clientIdLists"),
        actions=Actions(
            create=qualified("iam", "CreateOpenIDConnectProvider TagOpenIDConnectProvider"),
            read=qualified("iam", "GetOpenIDConnectProvider"),
            update=qualified(
                "iam",
                "AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider "
                "TagOpenIDConnectProvider UntagOpenIDConnectProvider "
                "UpdateOpenIDConnectProviderThumbprint",
            ),
            delete=qualified("iam", "DeleteOpenIDConnectProvider"),
            on=("arn:aws:iam::{account}:oidc-provider/{url}",),
        ),
    ),
    ResourceType(
        token="aws:iam/instanceProfile:InstanceProfile",
        source=f"{TERRAFORM_AWS}/iam/instance_profile.go",
        replace_on=names("name namePrefix path"),
        computed=names("arn createDate name uniqueId"),
        actions=Actions(
            create=qualified("iam", "CreateInstanceProfile AddRoleToInstanceProfile TagInstanceProfile"),
            read=qualified("iam", "GetInstanceProfile"),
            update=qualified(
                "iam",
                "AddRoleToInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile "
                "UntagInstanceProfile",
            ),
            delete=qualified("iam", "RemoveRoleFromInstanceProfile DeleteInstanceProfile"),
            on=("arn:aws:iam::{account}:instance-profile{path}{name}",),
        ),
    ),
    ResourceType(
        token="aws:iam/policy:Policy",
        source=f"{TERRAFORM_AWS}/iam/policy.go",
        replace_on=names("name namePrefix path description"),
        computed=names("arn attachmentCount name policyId"),
        required=names("policy"),
        actions=Actions(
            create=qualified("iam", "CreatePolicy TagPolicy"),
            read=qualified("iam", "GetPolicy GetPolicyVersion ListPolicyVersions"),
            update=qualified(
                "iam", "CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy"
            ),
            delete=qualified("iam", "DeletePolicy DeletePolicyVersion"),
            on=("arn:aws:iam::{account}:policy{path}{name}",),
        ),
    ),
    ResourceType(
        token="aws:iam/rolePolicy:RolePolicy",
        source=f"{TERRAFORM_AWS}/iam/role_policy.go",
        replace_on=names("name namePrefix role"),
        computed=names("name"),
        required=names("policy role"),
        actions=Actions(
            create=qualified("iam", "PutRolePolicy"),
            read=qualified("iam", "GetRolePolicy"),
            update=qualified("iam", "PutRolePolicy"),
            delete=qualified("iam", "DeleteRolePolicy"),
            on=("arn:aws:iam::{account}:role{path}{role}",),
        ),
    ),
    ResourceType(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        source=f"{TERRAFORM_AWS}/iam/role_policy_attachment.go",
        replace_on=names("role policyArn"),
        required=names("policyArn role"),
        actions=Actions(
            create=qualified("iam", "AttachRolePolicy"),
            read=qualified("iam", "ListAttachedRolePolicies"),
            delete=qualified("iam", "DetachRolePolicy"),
            on=("arn:aws:iam::{account}:role{path}{role}",),
        ),
    ),
)
