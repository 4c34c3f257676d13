using System.Globalization;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Blobs;
using Entrepot.Mirror.Integrity;
using Entrepot.Mirror.Oci;
using Entrepot.Mirror.Uploads;
using Entrepot.Server.Http;
using Entrepot.Server.Push;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Entrepot.Server.Registry;

/// <summary>Uploads of blobs (OCI Distribution Specification 1.1, "Pushing blobs"): at once, in chunks, as a stream, and by mounting.</summary>
internal sealed class RegistryUploads(RegistryService service)
{
    /// <summary>What an upload's order begins with when it is a registry's.</summary>
    public const string Mark = "oci ";

    /// <summary>POST: begins an upload, or ends it at once.</summary>
    public async Task BeginAsync(HttpContext context, RegistryTarget target)
    {
        var name = service.Writable(context, target);
        var query = context.Request.Query;
        if (query["mount"].ToString() is { Length: > 0 } mount && await MountAsync(context, name, OciDigest.Parse(mount), query["from"].ToString()))
            return;
        if (query["digest"].ToString() is { Length: > 0 } stated)
        {
            await ReceiveAsync(context, name, OciDigest.Parse(stated));
            return;
        }

        var session = service.Push.Uploads.Create(Mark + name, null, []);
        Accepted(context, name, session.State, StatusCodes.Status202Accepted);
    }

    /// <summary>PATCH: the next chunk, or a stream.</summary>
    public async Task AppendAsync(HttpContext context, RegistryTarget target)
    {
        var (name, session) = Find(context, target);
        await using var lease = await session.AcquireAsync(append: true, context.RequestAborted);
        if (await RefuseAsync(context, name, lease))
            return;
        await TakeAsync(context, lease);
        Accepted(context, name, lease.State, StatusCodes.Status202Accepted);
    }

    /// <summary>PUT: the last chunk, if any, and the digest of the whole.</summary>
    public async Task FinishAsync(HttpContext context, RegistryTarget target)
    {
        var (name, session) = Find(context, target);
        var digest = OciDigest.Parse(context.Request.Query["digest"].ToString());
        await using var lease = await session.AcquireAsync(append: true, context.RequestAborted);
        if (await RefuseAsync(context, name, lease))
            return;
        await TakeAsync(context, lease);
        await lease.StateAsync([digest.Stated]);
        var stored = await lease.StoreAsync();
        await service.Catalog.LinkAsync(name, stored, digest, Requester.ActorOf(context), CancellationToken.None);
        await lease.RemoveAsync();
        Created(context, name, digest);
    }

    /// <summary>GET: how far an upload is.</summary>
    public async Task StatusAsync(HttpContext context, RegistryTarget target)
    {
        var (name, session) = Find(context, target);
        // The offset that is told must be one that can be continued from, so whoever still writes ends first.
        await using var lease = await session.AcquireAsync(append: false, context.RequestAborted);
        Accepted(context, name, lease.State, StatusCodes.Status204NoContent);
    }

    /// <summary>DELETE: the client gives up.</summary>
    public async Task CancelAsync(HttpContext context, RegistryTarget target)
    {
        var (_, session) = Find(context, target);
        await using var lease = await session.AcquireAsync(append: false, context.RequestAborted);
        await lease.RemoveAsync();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>The upload of an address, which must be of its repository.</summary>
    private (RepositoryName, UploadSession) Find(HttpContext context, RegistryTarget target)
    {
        var name = target.Name;
        Requester.RequireMirror(context, name.Mirror);
        var session = service.Push.Uploads.Find(target.Reference);
        return session.State.Order == Mark + name ? (name, session) : throw Fault.Of(
            OciFault.BlobUploadUnknown, FaultKind.NotFound, $"'{name}' has no such upload.", "Begin another.").ToException();
    }

    /// <summary>Gives the repository a blob that another one has, or any that the requester may read where none is named ("Mounting a blob from another
    /// repository").</summary>
    private async Task<bool> MountAsync(HttpContext context, RepositoryName name, OciDigest digest, string from)
    {
        IReadOnlyList<RepositoryName> sources = from.Length > 0
            ? RepositoryName.TryParse(from, out var source) ? [source] : []
            : [name, .. service.Catalog.HoldersOf(digest)];
        foreach (var one in sources.Where(one => service.Catalog.MirrorOf(one) is { } mirror && service.Content.MayRead(context, mirror.Info)))
        {
            if (!await service.Catalog.MountAsync(one, name, digest, context.RequestAborted))
                continue;
            Created(context, name, digest);
            return true;
        }

        return false;
    }

    /// <summary>Takes a whole blob in one request ("Single POST").</summary>
    private async Task ReceiveAsync(HttpContext context, RepositoryName name, OciDigest digest)
    {
        Unlimit(context);
        StoredBlob stored;
        using (await service.Push.Gate.EnterAsync(context.RequestAborted))
        {
            await using var staged = service.Blobs.Store.Stage(new Expectation(context.Request.ContentLength, [digest.Stated]), context.Request.ContentLength);
            await BodyCopier.CopyAsync(
                context.Request.BodyReader,
                part =>
                {
                    service.Push.CheckSize(staged.Length + part.Length);
                    return staged.WriteAsync(part, context.RequestAborted);
                },
                context.RequestAborted);
            stored = service.Blobs.Store.Store(await staged.VerifyAsync(CancellationToken.None));
        }

        await service.Catalog.LinkAsync(name, stored, digest, Requester.ActorOf(context), CancellationToken.None);
        Created(context, name, digest);
    }

    private async Task TakeAsync(HttpContext context, UploadLease lease)
    {
        if (context.Request.ContentLength == 0 || context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return;
        Unlimit(context);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lease.Superseded);
        using var turn = await service.Push.Gate.EnterAsync(either.Token);
        await lease.WarmAsync(either.Token);
        try
        {
            await BodyCopier.CopyAsync(context.Request.BodyReader, lease.AppendAsync, either.Token);
        }
        finally
        {
            await lease.CheckpointAsync();
        }
    }

    /// <summary>Refuses a chunk that does not begin where the last one ended ("Pushing a blob in chunks": 416).</summary>
    private static async Task<bool> RefuseAsync(HttpContext context, RepositoryName name, UploadLease lease)
    {
        var stated = context.Request.Headers.ContentRange.ToString();
        if (stated.Length == 0)
            return false;
        var isRange = stated.Split('-') is [var from, var to] && long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first == lease.State.Offset && last >= first
            && (context.Request.ContentLength is not { } length || length == last - first + 1);
        if (isRange)
            return false;
        context.Response.OnStarting(() =>
        {
            Locate(context, name, lease.State);
            return Task.CompletedTask;
        });
        await FaultResponses.WriteAsync(
            context,
            Fault.Of(
                OciFault.BlobUploadInvalid, FaultKind.Invalid, string.Create(CultureInfo.InvariantCulture, $"The chunk is said to be {stated}, but the upload goes on at {lease.State.Offset}."),
                "Send the chunks in order; GET the upload's address for how far it is."),
            status: StatusCodes.Status416RangeNotSatisfiable);
        return true;
    }

    private static void Accepted(HttpContext context, RepositoryName name, UploadState state, int status)
    {
        Locate(context, name, state);
        context.Response.StatusCode = status;
        if (status != StatusCodes.Status204NoContent)
            context.Response.ContentLength = 0;
    }

    private static void Locate(HttpContext context, RepositoryName name, UploadState state)
    {
        var headers = context.Response.Headers;
        headers.Location = $"{RegistryTarget.Root}/{name}/blobs/uploads/{state.Id}";
        headers["Docker-Upload-UUID"] = state.Id.ToString();
        headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(0, state.Offset - 1)}");
    }

    private static void Created(HttpContext context, RepositoryName name, OciDigest digest)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status201Created;
        response.Headers.Location = $"{RegistryTarget.Root}/{name}/blobs/{digest}";
        response.Headers["Docker-Content-Digest"] = digest.ToString();
        response.ContentLength = 0;
    }

    private static void Unlimit(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
    }
}
