using System.Buffers;
using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Oci;
using Entrepot.Server.Http;
using Entrepot.Server.Push;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Registry;

/// <summary>Manifests (OCI Distribution Specification 1.1, "Pulling manifests", "Pushing Manifests", "Deleting Manifests").</summary>
internal sealed class RegistryManifests(RegistryService service)
{
    /// <summary>GET and HEAD.</summary>
    public async Task GetAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Readable(context, target);
        var isDigest = OciDigest.TryParse(target.Reference, out var digest);
        var found = isDigest ? service.Catalog.Find(name, digest) : service.Catalog.Find(name, TagOf(target.Reference));
        if (found is null && !isDigest && FallbackSubject(target.Reference) is { } subject && service.Catalog.Referrers(name, subject).Count > 0)
        {
            // Clients of before the referrers API read and write this tag ("Referrers Tag Schema").
            await RegistryLists.WriteIndexAsync(context, service, name, subject, null);
            return;
        }

        var manifest = found ?? throw OciCatalog.ManifestUnknown(name, target.Reference);
        var response = context.Response;
        response.Headers["Docker-Content-Digest"] = isDigest ? digest.ToString() : manifest.Digest.ToString();
        using var file = service.Blobs.Store.OpenRead(manifest.Digest);
        var headers = new ContentHeaders(manifest.Digest, null, null, service.Content.IsGuarded ? ContentHeaders.Private : isDigest ? ContentHeaders.Immutable : ContentHeaders.Revalidate)
        {
            ContentType = manifest.MediaType,
        };
        await ContentResponder.RespondAsync(context, headers, new BlobBody(service.Blobs, manifest.Digest, file, manifest.Size));
    }

    /// <summary>PUT.</summary>
    public async Task PutAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Writable(context, target);
        var isDigest = OciDigest.TryParse(target.Reference, out var digest);
        TagName? tag = isDigest ? null : TagOf(target.Reference);
        if (context.Request.ContentLength > OciManifest.MaxBytes)
            throw TooLarge();
        using var turn = await service.Push.Gate.EnterAsync(context.RequestAborted);
        await using var staged = service.Blobs.Store.Stage(new Expectation(context.Request.ContentLength, isDigest ? [digest.Stated] : []), context.Request.ContentLength);
        var bytes = new ArrayBufferWriter<byte>((int)Math.Clamp(context.Request.ContentLength ?? 4096, 1, OciManifest.MaxBytes));
        await BodyCopier.CopyAsync(
            context.Request.BodyReader,
            part =>
            {
                if (bytes.WrittenCount + part.Length > OciManifest.MaxBytes)
                    throw TooLarge();
                bytes.Write(part.Span);
                return staged.WriteAsync(part, context.RequestAborted);
            },
            context.RequestAborted);
        var manifest = OciManifest.Read(bytes.WrittenMemory, context.Request.ContentType);
        // All of it is here: from now on it is finished even if the client goes away.
        var stored = service.Blobs.Store.Store(await staged.VerifyAsync(CancellationToken.None));
        await service.Catalog.PushAsync(name, tag, isDigest ? digest : null, stored, manifest, Requester.ActorOf(context), CancellationToken.None);
        var named = isDigest ? digest.ToString() : stored.Fingerprint.Digest.ToString();
        var response = context.Response;
        response.StatusCode = StatusCodes.Status201Created;
        response.Headers.Location = $"{RegistryTarget.Root}/{name}/manifests/{named}";
        response.Headers["Docker-Content-Digest"] = named;
        if (manifest.Subject is { } subject)
            response.Headers["OCI-Subject"] = subject.Digest.ToString();
        response.ContentLength = 0;
    }

    /// <summary>DELETE: a tag alone, or a manifest with the tags that point at it.</summary>
    public async Task DeleteAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Writable(context, target);
        if (OciDigest.TryParse(target.Reference, out var digest))
            await service.Catalog.DeleteManifestAsync(name, digest, Requester.ActorOf(context), context.RequestAborted);
        else
            await service.Catalog.DeleteTagAsync(name, TagOf(target.Reference), Requester.ActorOf(context), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }

    /// <summary>The manifest that a fallback tag is about; null for another tag.</summary>
    internal static OciDigest? FallbackSubject(string tag)
        => tag.Split('-', 2) is [var algorithm, var hex] && OciDigest.TryParse($"{algorithm}:{hex}", out var digest) ? digest : null;

    private static TagName TagOf(string reference) => TagName.TryParse(reference, out var tag) ? tag
        : throw Fault.Of(
            // What has a colon was meant as a digest.
            reference.Contains(':', StringComparison.Ordinal) ? OciFault.DigestInvalid : OciFault.ManifestInvalid, FaultKind.Invalid, $"'{reference}' is neither a tag nor a digest.",
            "A tag has up to 128 letters, digits, '_', '.' and '-', the first being none of the last two; a digest is sha256: and 64, or sha512: and 128 hexadecimal digits.").ToException();

    private static FaultException TooLarge() => Fault.Of(
        OciFault.SizeInvalid, FaultKind.TooLarge, string.Create(CultureInfo.InvariantCulture, $"The manifest has more than {OciManifest.MaxBytes} bytes."), "Put what is large into a blob.").ToException();
}
