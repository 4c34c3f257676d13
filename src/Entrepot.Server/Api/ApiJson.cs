using System.Text.Json.Serialization;
using Entrepot.Ports.Allocation;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Truth;
using Entrepot.Server.PortWatch;

namespace Entrepot.Server.Api;

/// <summary>How every document of the API is written: camel case, nulls left out, enumerations as text.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(IReadOnlyList<ErrorDocument>))]
[JsonSerializable(typeof(CreateTokenRequest))]
[JsonSerializable(typeof(IReadOnlyList<TokenDocument>))]
[JsonSerializable(typeof(RotateKeysRequest))]
[JsonSerializable(typeof(KeyRotationDocument))]
[JsonSerializable(typeof(DrillRequest))]
[JsonSerializable(typeof(DrillDocument))]
[JsonSerializable(typeof(NetworkDocument))]
[JsonSerializable(typeof(AnnouncedNetwork))]
[JsonSerializable(typeof(IReadOnlyList<MirrorDocument>))]
[JsonSerializable(typeof(MirrorDocument))]
[JsonSerializable(typeof(CreateMirrorRequest))]
[JsonSerializable(typeof(UpdateMirrorRequest))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotDocument>))]
[JsonSerializable(typeof(SnapshotDiffDocument))]
[JsonSerializable(typeof(FileDocument))]
[JsonSerializable(typeof(EntryDocument))]
[JsonSerializable(typeof(EdgeErrorReport))]
[JsonSerializable(typeof(FolderDocument))]
[JsonSerializable(typeof(FingerprintDocument))]
[JsonSerializable(typeof(PushResult))]
[JsonSerializable(typeof(MissingBlobsRequest))]
[JsonSerializable(typeof(MissingBlobsDocument))]
[JsonSerializable(typeof(PublishRequest))]
[JsonSerializable(typeof(RollbackRequest))]
[JsonSerializable(typeof(HeartbeatRequest))]
[JsonSerializable(typeof(HeartbeatAnswer))]
[JsonSerializable(typeof(CacheDocument))]
[JsonSerializable(typeof(IReadOnlyList<NodeDocument>))]
[JsonSerializable(typeof(GarbageCollectionRequest))]
[JsonSerializable(typeof(GarbageCollectionDocument))]
[JsonSerializable(typeof(VerifyRequest))]
[JsonSerializable(typeof(VerifyProgress))]
[JsonSerializable(typeof(IReadOnlyList<JournalEntryDocument>))]
[JsonSerializable(typeof(CheckpointDocument))]
[JsonSerializable(typeof(AuditRequest))]
[JsonSerializable(typeof(Core.Journal.JournalVerification))]
[JsonSerializable(typeof(AuditProgress))]
[JsonSerializable(typeof(ReadinessDocument))]
[JsonSerializable(typeof(IReadOnlyList<PortListEntry>))]
[JsonSerializable(typeof(IReadOnlyList<ServiceDocument>))]
[JsonSerializable(typeof(PortExplanation))]
[JsonSerializable(typeof(PortTable))]
[JsonSerializable(typeof(IReadOnlyList<PoolUsage>))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(FindingDocument))]
[JsonSerializable(typeof(IReadOnlyList<ProbeTargetDocument>))]
[JsonSerializable(typeof(IReadOnlyList<FindingDocument>))]
[JsonSerializable(typeof(MarkFindingRequest))]
[JsonSerializable(typeof(IReadOnlyList<ReachDocument>))]
public sealed partial class ApiJson : JsonSerializerContext;
