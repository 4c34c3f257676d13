using System.Net;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Entrepot.Mirror.Catalog;
using Entrepot.Server.Access;
using Entrepot.Server.Configuration;
using Entrepot.Server.Http;
using Entrepot.Server.Scheduler.Pages;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Entrepot.Server.Scheduler;

/// <summary>The front door of downloads: files, what belongs to files (<c>.meta4</c>, <c>.sha256</c>, <c>.md5</c>) and folders.</summary>
public static class SchedulerEndpoints
{
    /// <summary>Adds what the scheduler needs from the container: YARP's forwarder.</summary>
    public static IServiceCollection AddScheduler(this IServiceCollection services) => services.AddHttpForwarder();

    /// <summary>Answers every address with the scheduler.</summary>
    /// <exception cref="InvalidOperationException">Proxy mode without <see cref="AddScheduler"/>.</exception>
    public static IEndpointConventionBuilder MapScheduler(this IEndpointRouteBuilder routes, SchedulerService scheduler)
    {
        if (scheduler.Options.Mode == RoutingMode.Proxy)
            _ = routes.ServiceProvider.GetRequiredService<IHttpForwarder>();  // at start, not at the first download
        routes.MapAlive();
        return routes.Map("/{**path}", context => HandleAsync(context, scheduler)).WithDisplayName("Scheduler").Needs(Permission.ContentRead);
    }

    private static Task HandleAsync(HttpContext context, SchedulerService scheduler)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return ContentResponder.MethodNotAllowedAsync(context, "GET, HEAD");
        if (!scheduler.IsReady)
            return RefusalPage.WriteAsync(
                context,
                Fault.Of(
                    SchedulerFault.NotReady, FaultKind.Unavailable, "This scheduler has not heard yet from the origin what is published.",
                    "Try again in a few seconds; if it stays so, look at its log."));
        if (!RequestTarget.TryParse(context, out var target, out var fault))
        {
            // A name that no mirror can have is a mirror that is not there: browsers ask for /favicon.ico, robots for /robots.txt.
            return fault.Is(IdentityFault.MirrorName) || fault.Is(IdentityFault.ReservedMirrorName)
                ? RefusalPage.WriteAsync(context, fault with { Kind = FaultKind.NotFound, Cure = "See / for the mirrors that there are." })
                : RefusalPage.WriteAsync(context, fault);
        }

        if (target.Mirror is not { } name)
            return MirrorsPage.WriteAsync(context, scheduler);
        if (!scheduler.Catalog.TryGet(name, out var mirror) || !scheduler.Content.MayRead(context, mirror.Info))
        {
            return RefusalPage.WriteAsync(
                context,
                Fault.Of(CatalogFault.MirrorNotFound, FaultKind.NotFound, $"There is no mirror '{name}'.", "See / for the mirrors that there are."));
        }

        if (mirror.Info.IsPrivate)
            KeepPrivate(context);
        if (target.Path is { } path && !target.IsFolder && mirror.Current.TryGet(path, out var entry))
            return FileAsync(context, scheduler, mirror, new ServedFile(mirror.Current, entry));
        return FolderOrCompanionAsync(context, scheduler, mirror, target);
    }

    private static Task FolderOrCompanionAsync(HttpContext context, SchedulerService scheduler, MirrorView mirror, RequestTarget target)
    {
        var folder = target.Path ?? default;
        if (mirror.Current.HasFolder(folder))
        {
            if (target.IsFolder)
                return FolderPage.WriteAsync(context, scheduler, mirror, folder);
            var address = target.Path is null ? $"/{mirror.Info.Name}/" : $"/{mirror.Info.Name}/{folder.ToUrl()}/";
            context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers.Location = address + context.Request.QueryString.Value;
            return Task.CompletedTask;
        }

        if (!target.IsFolder && Companion.TryFind(mirror.Current, folder, out var kind, out var file))
            return CompanionAnswers.WriteAsync(context, scheduler, kind, mirror.Info.IsPrivate ? Granted(scheduler, file) : file);
        return RefusalPage.WriteAsync(context, NotFound(mirror, folder, target.IsFolder));
    }

    private static Task FileAsync(HttpContext context, SchedulerService scheduler, MirrorView mirror, ServedFile file)
    {
        if (!RouteQuery.TryRead(context.Request, out var query, out var fault))
            return RefusalPage.WriteAsync(context, fault);
        if (query.Digest is { } digest && digest != file.Entry.Digest)
            return PinnedAsync(context, scheduler, file, digest, query);
        return SendOnAsync(context, scheduler, mirror.Info.IsPrivate ? Granted(scheduler, file) : file, query);
    }

    /// <summary>An older or newer version than the published one: a download that began before a publish goes on with its own bytes.</summary>
    private static async Task PinnedAsync(HttpContext context, SchedulerService scheduler, ServedFile file, Sha256Digest digest, RouteQuery query)
    {
        if (!scheduler.Content.MayRead(context, digest) || await scheduler.FindFingerprintAsync(digest, context.RequestAborted) is not { } pinned)
        {
            await RefusalPage.WriteAsync(context, NotPinned(file, digest));
            return;
        }

        file = new ServedFile(file.Snapshot, file.Entry with { Digest = digest, Size = pinned.Size });
        await SendOnAsync(context, scheduler, scheduler.Content.IsGuarded ? Granted(scheduler, file) : file, query);
    }

    private static Task SendOnAsync(HttpContext context, SchedulerService scheduler, ServedFile file, RouteQuery query)
    {
        var client = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (client.IsIPv4MappedToIPv6)
            client = client.MapToIPv4();
        var selection = scheduler.Select(client, file, query.Avoid);
        if (query.Explain)
            return ExplainAnswer.WriteAsync(context, scheduler, file, client, selection);
        if (query.MirrorList)
            return MirrorListAnswer.WriteAsync(context, scheduler, file, selection);
        return scheduler.Options.Mode == RoutingMode.Proxy
            ? ProxyAnswer.WriteAsync(context, scheduler, file, client, selection)
            : RedirectAnswer.WriteAsync(context, scheduler, file, client, selection);
    }

    /// <summary>The file with an address that is good for whoever has it, for an hour.</summary>
    private static ServedFile Granted(SchedulerService scheduler, ServedFile file)
        => new(file.Snapshot, file.Entry) { Grant = scheduler.Content.Sign(file.Address, file.Entry.Digest.ToString()) ?? "" };

    /// <summary>Nothing between the client and here may keep the answer for others.</summary>
    private static void KeepPrivate(HttpContext context) => context.Response.OnStarting(() =>
    {
        // A redirect's own 'no-store' says more already.
        if (context.Response.Headers.CacheControl != "no-store")
            context.Response.Headers.CacheControl = ContentHeaders.Private;
        return Task.CompletedTask;
    });

    private static Fault NotFound(MirrorView mirror, ContentPath path, bool isFolder)
    {
        var snapshot = mirror.Current;
        if (isFolder && snapshot.TryGet(path, out _))
            return Fault.Of(
                CatalogFault.PathNotFound, FaultKind.NotFound, $"'{path}' in mirror '{mirror.Info.Name}' is a file, not a folder.",
                "Leave out the slash at the end.");
        var parent = path.Value;
        do
            parent = parent.LastIndexOf('/') is var slash && slash > 0 ? parent[..slash] : "";
        while (parent.Length > 0 && !snapshot.HasFolder(ContentPath.Parse(parent)));
        var near = parent.Length == 0 ? $"/{mirror.Info.Name}/" : $"/{mirror.Info.Name}/{ContentPath.Parse(parent).ToUrl()}/";
        return Fault.Of(
            CatalogFault.PathNotFound, FaultKind.NotFound,
            $"There is no '{path}' in mirror '{mirror.Info.Name}' (snapshot {snapshot.Number}).", $"See {near} for what there is.");
    }

    private static Fault NotPinned(ServedFile file, Sha256Digest digest)
        => Fault.Of(
            SchedulerFault.PinnedDigest, FaultKind.NotFound, $"{digest} is not stored here; {file.Address} is {file.Entry.Digest} now.",
            "Ask without 'digest' for the published version.");
}
