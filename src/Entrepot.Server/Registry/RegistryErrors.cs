using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Catalog;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Oci;
using Entrepot.Mirror.Uploads;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Registry;

/// <summary>The one mapper from faults to the error bodies of registries (OCI Distribution Specification 1.1, "Error Codes").</summary>
internal static class RegistryErrors
{
    /// <summary>What every answer of a registry says of itself; Docker's clients of before the OCI look for it.</summary>
    public const string VersionHeader = "Docker-Distribution-API-Version";

    /// <summary>Its value.</summary>
    public const string Version = "registry/2.0";

    /// <summary>Faults of other features that a registry has a word of its own for.</summary>
    private static readonly FrozenDictionary<string, OciFault> Others = new Dictionary<string, OciFault>
    {
        [Fault.CodeOf(BlobFault.NotFound)] = OciFault.BlobUnknown,
        [Fault.CodeOf(BlobFault.TooLarge)] = OciFault.SizeInvalid,
        [Fault.CodeOf(CatalogFault.MirrorNotFound)] = OciFault.NameUnknown,
        [Fault.CodeOf(UploadFault.NotFound)] = OciFault.BlobUploadUnknown,
        [Fault.CodeOf(UploadFault.InconsistentLength)] = OciFault.SizeInvalid,
        [Fault.CodeOf(VerificationFault.MalformedDigest)] = OciFault.DigestInvalid,
    }.ToFrozenDictionary();

    /// <summary>True for a request to a registry.</summary>
    public static bool IsRegistry(HttpContext context)
        => context.Request.Path.StartsWithSegments(RegistryTarget.Root, StringComparison.Ordinal) || context.Request.Path.Equals(RegistryChallenge.Path, StringComparison.Ordinal);

    /// <summary>The code in the specification's words.</summary>
    public static string CodeOf(Fault fault, int status)
    {
        if (!Others.TryGetValue(fault.Code, out var reason) && !TryOwn(fault, out reason))
            reason = fault.Kind == FaultKind.Mismatch ? OciFault.DigestInvalid : status switch
            {
                StatusCodes.Status401Unauthorized => OciFault.Unauthorized,
                StatusCodes.Status403Forbidden => OciFault.Denied,
                StatusCodes.Status404NotFound => OciFault.NameUnknown,
                StatusCodes.Status413PayloadTooLarge => OciFault.SizeInvalid,
                StatusCodes.Status429TooManyRequests => OciFault.TooManyRequests,
                StatusCodes.Status400BadRequest => OciFault.NameInvalid,
                _ => OciFault.Unsupported,
            };
        return Words[reason];
    }

    /// <summary>The status where the specification asks for another one than the fault's kind has.</summary>
    public static int StatusOf(Fault fault, int status)
        => fault.Kind == FaultKind.Mismatch ? StatusCodes.Status400BadRequest
            : fault.Is(AccessFault.Anonymous) ? StatusCodes.Status401Unauthorized
            // "Deleting": 405 or 404 where it can't be; a blob in use is neither.
            : fault.Is(OciFault.Denied) && status == StatusCodes.Status409Conflict ? StatusCodes.Status405MethodNotAllowed
            : status;

    /// <summary>Writes the body.</summary>
    public static Task WriteAsync(HttpContext context, Fault fault, int status)
    {
        status = StatusOf(fault, status);
        var body = PlainJson.Write(
            new RegistryProblem([new RegistryProblemEntry(CodeOf(fault, status), fault.Cure is { } cure ? $"{fault.Message} {cure}" : fault.Message, new RegistryProblemDetail(fault.Code))]),
            RegistryJson.Default.RegistryProblem);
        var response = context.Response;
        response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = RegistryChallenge.Of(context, fault.Is(AccessFault.Anonymous) ? null : "invalid_token");
        response.ContentType = "application/json";
        response.Headers[VersionHeader] = Version;
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static readonly FrozenDictionary<OciFault, string> Words = Enum.GetValues<OciFault>().ToFrozenDictionary(
        static reason => reason, static reason => reason == OciFault.TooManyRequests ? "TOOMANYREQUESTS" : JsonNamingPolicy.SnakeCaseUpper.ConvertName(reason.ToString()));

    private static bool TryOwn(Fault fault, out OciFault reason)
    {
        foreach (var known in Enum.GetValues<OciFault>())
        {
            reason = known;
            if (fault.Is(known))
                return true;
        }

        reason = default;
        return false;
    }
}

/// <summary>An error body.</summary>
/// <param name="Errors">At least one.</param>
internal sealed record RegistryProblem(IReadOnlyList<RegistryProblemEntry> Errors);

/// <summary>One error.</summary>
/// <param name="Code">In the specification's words.</param>
/// <param name="Message">For people.</param>
/// <param name="Detail">In this product's words.</param>
internal sealed record RegistryProblemEntry(string Code, string Message, RegistryProblemDetail Detail);

/// <summary>What this product calls it.</summary>
/// <param name="Code">The fault's stable code.</param>
internal sealed record RegistryProblemDetail(string Code);

/// <summary>Tags of a repository.</summary>
/// <param name="Name">The repository.</param>
/// <param name="Tags">In the order of their bytes.</param>
internal sealed record TagList(string Name, IReadOnlyList<string> Tags);

/// <summary>Repositories.</summary>
/// <param name="Repositories">In the order of their bytes.</param>
internal sealed record RepositoryList(IReadOnlyList<string> Repositories);

/// <summary>A token as Docker's clients want it.</summary>
/// <param name="Token">What to send as a bearer token.</param>
/// <param name="AccessToken">The same, as OAuth 2 names it.</param>
/// <param name="ExpiresIn">Seconds after which the client asks again.</param>
/// <param name="IssuedAt">When it was asked for, UTC.</param>
internal sealed record RegistryToken(
    string Token, [property: JsonPropertyName("access_token")] string AccessToken, [property: JsonPropertyName("expires_in")] int ExpiresIn, [property: JsonPropertyName("issued_at")] DateTimeOffset IssuedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RegistryProblem))]
[JsonSerializable(typeof(TagList))]
[JsonSerializable(typeof(RepositoryList))]
[JsonSerializable(typeof(RegistryToken))]
internal sealed partial class RegistryJson : JsonSerializerContext;
