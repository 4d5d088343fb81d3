"""Which resource types keep what cannot be had again, and which properties and types guard something."""

from collections.abc import Mapping
from typing import Final

from slipway.platform.resource_types.row import names


def _tokens(package: str, types: str) -> frozenset[str]:
    """`aws`, `s3/bucket:Bucket …` -> `aws:s3/bucket:Bucket`, …."""
    return frozenset(f"{package}:{each}" for each in names(types))


KEEPS: Final = (
    _tokens(
        "aws",
        """
        backup/logicallyAirGappedVault:LogicallyAirGappedVault backup/vault:Vault cloudwatch/logGroup:LogGroup
        cognito/userPool:UserPool docdb/cluster:Cluster docdb/elasticCluster:ElasticCluster
        docdb/globalCluster:GlobalCluster dynamodb/globalTable:GlobalTable dynamodb/table:Table
        dynamodb/tableReplica:TableReplica ebs/snapshot:Snapshot ebs/volume:Volume ec2/eip:Eip
        ec2/instance:Instance ec2/vpc:Vpc ecr/repository:Repository efs/fileSystem:FileSystem
        eks/cluster:Cluster elasticache/cluster:Cluster elasticache/replicationGroup:ReplicationGroup
        elasticache/serverlessCache:ServerlessCache elasticsearch/domain:Domain
        fsx/lustreFileSystem:LustreFileSystem fsx/ontapFileSystem:OntapFileSystem fsx/ontapVolume:OntapVolume
        fsx/openZfsFileSystem:OpenZfsFileSystem fsx/openZfsVolume:OpenZfsVolume
        fsx/windowsFileSystem:WindowsFileSystem glacier/vault:Vault keyspaces/keyspace:Keyspace
        keyspaces/table:Table kinesis/stream:Stream kms/externalKey:ExternalKey kms/key:Key
        kms/replicaKey:ReplicaKey lightsail/bucket:Bucket lightsail/database:Database
        lightsail/instance:Instance memorydb/cluster:Cluster memorydb/multiRegionCluster:MultiRegionCluster
        mq/broker:Broker msk/cluster:Cluster msk/serverlessCluster:ServerlessCluster neptune/cluster:Cluster
        neptune/globalCluster:GlobalCluster opensearch/domain:Domain
        opensearch/serverlessCollection:ServerlessCollection organizations/account:Account
        rds/cluster:Cluster rds/clusterSnapshot:ClusterSnapshot rds/globalCluster:GlobalCluster
        rds/instance:Instance rds/snapshot:Snapshot redshift/cluster:Cluster
        redshiftserverless/namespace:Namespace route53/zone:Zone s3/bucket:Bucket s3/bucketV2:BucketV2
        s3/directoryBucket:DirectoryBucket s3tables/table:Table s3tables/tableBucket:TableBucket
        secretsmanager/secret:Secret sqs/queue:Queue timestreamwrite/database:Database
        timestreamwrite/table:Table
        """,
    )
    | _tokens(
        "aws-native",
        """
        dynamodb:Table ec2:Volume ecr:Repository efs:FileSystem kms:Key rds:DbCluster rds:DbInstance s3:Bucket
        """,
    )
    | _tokens("eks", "index:Cluster")
    | _tokens("github", "index/repository:Repository index/team:Team")
    | _tokens(
        "kubernetes",
        """
        apiextensions.k8s.io/v1:CustomResourceDefinition apps/v1:StatefulSet core/v1:Namespace
        core/v1:PersistentVolume core/v1:PersistentVolumeClaim helm.sh/v3:Release
        """,
    )
    | _tokens(
        "gcp",
        """
        bigquery/dataset:Dataset bigquery/table:Table bigtable/instance:Instance compute/disk:Disk
        compute/instance:Instance container/cluster:Cluster firestore/database:Database
        kms/cryptoKey:CryptoKey organizations/project:Project redis/instance:Instance
        spanner/database:Database spanner/instance:Instance sql/database:Database
        sql/databaseInstance:DatabaseInstance storage/bucket:Bucket
        """,
    )
    | _tokens(
        "azure-native",
        """
        compute:Disk containerservice:ManagedCluster documentdb:DatabaseAccount keyvault:Vault
        resources:ResourceGroup sql:Database sql:Server storage:BlobContainer storage:StorageAccount
        """,
    )
    | _tokens("random", "index/randomPassword:RandomPassword index/randomString:RandomString")
    | _tokens("tls", "index/privateKey:PrivateKey")
)
"""Types whose deletion loses data, a key or an identity that nothing makes again: what people protect."""

GUARDS: Final = (
    _tokens(
        "aws",
        """
        backup/vaultLockConfiguration:VaultLockConfiguration cloudtrail/trail:Trail
        guardduty/detector:Detector organizations/policyAttachment:PolicyAttachment
        s3/accountPublicAccessBlock:AccountPublicAccessBlock
        s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration
        s3/bucketPublicAccessBlock:BucketPublicAccessBlock s3/bucketVersioning:BucketVersioning
        """,
    )
    | _tokens(
        "github",
        """
        index/branchProtection:BranchProtection index/branchProtectionV3:BranchProtectionV3
        index/organizationRuleset:OrganizationRuleset index/repositoryRuleset:RepositoryRuleset
        """,
    )
    | _tokens("kubernetes", "networking.k8s.io/v1:NetworkPolicy policy/v1:PodDisruptionBudget")
)
"""Types that are there to forbid something: their deletion allows it."""

PROTECTS: Final[Mapping[str, bool]] = {
    "protect": True,  # Pulumi's own option
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "deletionProtection": True,
    "deletionProtectionEnabled": True,
    "disableApiTermination": True,
    "enableDeletionProtection": True,
    "enableTerminationProtection": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
    "forceDelete": False,
    "forceDestroy": False,
    "publiclyAccessible": False,
    "skipFinalSnapshot": False,
}
"""Properties, of whatever type, and the value of each that protects."""
