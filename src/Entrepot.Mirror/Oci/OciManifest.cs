using System.Collections.Immutable;
using System.Text.Json;
using Entrepot.Core.Faults;

namespace Entrepot.Mirror.Oci;

/// <summary>What one document says of another (OCI Image Specification 1.1, "Descriptors").</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Digest">Its bytes' digest.</param>
/// <param name="Size">Their number.</param>
/// <param name="IsElsewhere">True for a layer that may not be distributed, or that names addresses of its own: no registry need have it.</param>
public sealed record OciDescriptor(string MediaType, OciDigest Digest, long Size, bool IsElsewhere = false);

/// <summary>What a registry has to know of a manifest, whose bytes it keeps as they are.</summary>
/// <param name="MediaType">As it was pushed.</param>
/// <param name="Blobs">What it needs of its repository: configuration and layers.</param>
/// <param name="Manifests">The manifests that it lists, which need not be there.</param>
/// <param name="Subject">The manifest that it is about, or null.</param>
/// <param name="ArtifactType">What kind of artifact it is, or null.</param>
/// <param name="Annotations">Its annotations as JSON; null for none.</param>
public sealed record OciManifest(
    string MediaType, ImmutableArray<OciDescriptor> Blobs, ImmutableArray<OciDescriptor> Manifests, OciDescriptor? Subject, string? ArtifactType, string? Annotations)
{
    /// <summary>Largest manifest in bytes, as the specification suggests and other registries do ("Pushing Manifests").</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Most descriptors of one manifest.</summary>
    public const int MaxDescriptors = 10_000;

    /// <summary>An image or artifact of the OCI.</summary>
    public const string Image = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>A list of manifests of the OCI.</summary>
    public const string Index = "application/vnd.oci.image.index.v1+json";

    /// <summary>An image of Docker.</summary>
    public const string DockerImage = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>A list of manifests of Docker.</summary>
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";

    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>Reads a manifest.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="contentType">What the sender says it is, or null.</param>
    /// <exception cref="FaultException"><see cref="OciFault.ManifestInvalid"/> or <see cref="OciFault.DigestInvalid"/>.</exception>
    public static OciManifest Read(ReadOnlyMemory<byte> bytes, string? contentType)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes, Strict);
            return Read(json.RootElement, contentType);
        }
        catch (JsonException error)
        {
            throw Invalid($"it is no JSON: {error.Message.TrimEnd('.')}", error);
        }
        catch (InvalidOperationException error)
        {
            throw Invalid("it holds text that is no Unicode", error);
        }
    }

    private static OciManifest Read(JsonElement root, string? contentType)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Invalid("it is no JSON object");
        var own = Text(root, "mediaType");
        var stated = contentType?.Split(';')[0].Trim() is { Length: > 0 } header ? header : null;
        if (own is not null && stated is not null && own != stated)
            throw Invalid($"it says that it is '{own}', and was sent as '{stated}'");
        var blobs = ImmutableArray.CreateBuilder<OciDescriptor>();
        var config = Descriptor(root, "config");
        if (config is not null)
            blobs.Add(config);
        blobs.AddRange(Descriptors(root, "layers"));
        blobs.AddRange(Descriptors(root, "blobs"));  // the artifact manifest of 1.1's release candidates
        var manifests = Descriptors(root, "manifests");
        var type = own ?? stated ?? (manifests.Length > 0 || root.TryGetProperty("manifests", out _) ? Index : config is not null ? Image : throw Invalid("it does not say what it is"));
        if (type is Image or Index or DockerImage or DockerList && !(root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 2))
            throw Invalid("its schemaVersion is not 2");
        if (type is Image or DockerImage && (config is null || !root.TryGetProperty("layers", out _)))
            throw Invalid("an image has a config and layers");
        if (type is Index or DockerList && !root.TryGetProperty("manifests", out _))
            throw Invalid("an index has manifests");
        var annotations = root.TryGetProperty("annotations", out var map) && map.ValueKind != JsonValueKind.Null ? map : (JsonElement?)null;
        if (annotations is { } given && (given.ValueKind != JsonValueKind.Object || given.EnumerateObject().Any(static pair => pair.Value.ValueKind != JsonValueKind.String)))
            throw Invalid("its annotations are no map of texts");
        return new OciManifest(
            type, blobs.DrainToImmutable(), manifests, Descriptor(root, "subject"),
            // "Listing Referrers": an image without a type of its own is of its configuration's.
            Text(root, "artifactType") ?? (type is Image or DockerImage ? config?.MediaType : null), annotations?.GetRawText());
    }

    private static ImmutableArray<OciDescriptor> Descriptors(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null)
            return [];
        if (list.ValueKind != JsonValueKind.Array)
            throw Invalid($"its {name} are no list");
        if (list.GetArrayLength() > MaxDescriptors)
            throw Invalid($"it has more than {MaxDescriptors} {name}");
        return [.. list.EnumerateArray().Select((element, i) => Describe(element, $"{name}[{i}]"))];
    }

    private static OciDescriptor? Descriptor(JsonElement root, string name)
        => root.TryGetProperty(name, out var element) && element.ValueKind != JsonValueKind.Null ? Describe(element, name) : null;

    private static OciDescriptor Describe(JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Object || Text(element, "mediaType") is not { Length: > 0 } type || Text(element, "digest") is not { } digest
            || !element.TryGetProperty("size", out var size) || size.ValueKind != JsonValueKind.Number || !size.TryGetInt64(out var bytes) || bytes < 0)
            throw Invalid($"its {place} is no descriptor with mediaType, digest and size");
        var isElsewhere = type.Contains("nondistributable", StringComparison.Ordinal) || type.EndsWith(".foreign.diff.tar.gzip", StringComparison.Ordinal)
            || (element.TryGetProperty("urls", out var urls) && urls.ValueKind == JsonValueKind.Array && urls.GetArrayLength() > 0);
        return new OciDescriptor(type, OciDigest.Parse(digest), bytes, isElsewhere);
    }

    private static string? Text(JsonElement element, string name)
        => !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw Invalid($"its {name} is no text");

    private static FaultException Invalid(string why, Exception? inner = null) => Fault.Of(
        OciFault.ManifestInvalid, FaultKind.Invalid, $"The manifest is refused: {why}.", "Send a manifest of the OCI Image Specification 1.1, or Docker's schema 2.").ToException(inner);
}
