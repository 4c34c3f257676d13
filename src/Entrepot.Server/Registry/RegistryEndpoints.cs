using Entrepot.Core.Faults;
using Entrepot.Server.Access;
using Entrepot.Server.Http;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Registry;

/// <summary>The OCI Distribution API (specification 1.1). Names of repositories have slashes in them, so each method has one endpoint, and what the address
/// is about is read from its end.</summary>
internal static class RegistryEndpoints
{
    private const string Pattern = RegistryTarget.Root + "/{**target}";

    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    private static readonly string[] Writing = [HttpMethods.Post, HttpMethods.Put, HttpMethods.Patch, HttpMethods.Delete];

    /// <summary>Adds the endpoints: reading, and pushing where the surface takes anything in.</summary>
    public static void MapRegistry(this IEndpointRouteBuilder routes, RegistryService service)
    {
        var (manifests, blobs, lists) = (new RegistryManifests(service), new RegistryBlobs(service), new RegistryLists(service));
        var uploads = service.TakesPushes ? new RegistryUploads(service) : null;
        routes.MapMethods(Pattern, Reading, context => Answer(context, target => target.Place switch
        {
            RegistryPlace.Base => PingAsync(context, service),
            RegistryPlace.Catalog => lists.CatalogAsync(context),
            RegistryPlace.Tags => lists.TagsAsync(context, target),
            RegistryPlace.Manifest => manifests.GetAsync(context, target),
            RegistryPlace.Blob => blobs.GetAsync(context, target),
            RegistryPlace.Referrers => lists.ReferrersAsync(context, target),
            RegistryPlace.Upload when uploads is not null && HttpMethods.IsGet(context.Request.Method) => uploads.StatusAsync(context, target),
            _ => ContentResponder.MethodNotAllowedAsync(context, "POST"),
        })).Needs(Permission.ContentRead);
        if (uploads is null)
            return;
        routes.MapMethods(Pattern, Writing, context => Answer(context, target => (context.Request.Method, target.Place) switch
        {
            ("POST", RegistryPlace.Uploads) => uploads.BeginAsync(context, target),
            ("PATCH", RegistryPlace.Upload) => uploads.AppendAsync(context, target),
            ("PUT", RegistryPlace.Upload) => uploads.FinishAsync(context, target),
            ("DELETE", RegistryPlace.Upload) => uploads.CancelAsync(context, target),
            ("PUT", RegistryPlace.Manifest) => manifests.PutAsync(context, target),
            ("DELETE", RegistryPlace.Manifest) => manifests.DeleteAsync(context, target),
            ("DELETE", RegistryPlace.Blob) => blobs.DeleteAsync(context, target),
            _ => ContentResponder.MethodNotAllowedAsync(context, "GET, HEAD"),
        })).Needs(Permission.ContentPush);
    }

    private static Task Answer(HttpContext context, Func<RegistryTarget, Task> work)
    {
        context.Response.Headers[RegistryErrors.VersionHeader] = RegistryErrors.Version;
        return RegistryTarget.TryParse(context.Request.RouteValues["target"] as string, out var target)
            ? work(target.Value)
            : FaultResponses.WriteAsync(context, Fault.Of(HttpFault.Target, FaultKind.NotFound, $"'{context.Request.Path}' is no address of a registry.", "See the OCI Distribution Specification 1.1."));
    }

    /// <summary>Says that this is a registry. Clients learn here whether to sign in, so where anything is private, who has shown no credential is asked
    /// for one.</summary>
    private static Task PingAsync(HttpContext context, RegistryService service)
    {
        if (service.Content.IsGuarded && Requester.Of(context).Proof == Proof.None && !RegistryChallenge.IsAnonymous(context))
            throw Fault.Of(AccessFault.Anonymous, FaultKind.Forbidden, "Some repositories here are not for everybody.", "Sign in to the registry, or ask for a token as nobody.").ToException();
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 2;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync("{}", context.RequestAborted);
    }
}
