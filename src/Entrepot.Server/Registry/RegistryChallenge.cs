using System.Net.Http.Headers;
using System.Text;
using Entrepot.Mirror.Oci;
using Entrepot.Server.Http;
using Entrepot.Server.Access;
using Entrepot.Trust.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Entrepot.Server.Registry;

/// <summary>How clients of registries sign in (the token authentication of the Docker registry): they are told where to ask, ask there with name and
/// password, and send what they get. The password is a token of this network, and what they get is the same.</summary>
internal static class RegistryChallenge
{
    /// <summary>Where clients ask.</summary>
    public const string Path = "/token";

    /// <summary>What nobody in particular is given to send.</summary>
    public const string Anonymous = "anonymous";

    private const string Service = "entrepot";

    private const int Seconds = 300;

    /// <summary>True when a client sends what nobody in particular was given.</summary>
    public static bool IsAnonymous(HttpContext context) => context.Request.Headers.Authorization.ToString() is var sent && sent.Equals($"Bearer {Anonymous}", StringComparison.OrdinalIgnoreCase);

    /// <summary>The password of basic authentication (RFC 7617), which is a token; null when none was sent.</summary>
    public static string? PasswordOf(HttpContext context)
    {
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var sent) || !"Basic".Equals(sent.Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var bytes = new byte[(sent.Parameter?.Length ?? 0) + 3];
        if (!Convert.TryFromBase64String(sent.Parameter ?? "", bytes, out var length))
            return "";
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
    }

    /// <summary>The challenge for a request without a good credential.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">Of RFC 6750 §3.1, or null.</param>
    public static string Of(HttpContext context, string? error)
    {
        var scope = RegistryTarget.TryParse(context.Request.Path.Value?[Math.Min(context.Request.Path.Value.Length, RegistryTarget.Root.Length + 1)..], out var target)
            && RepositoryName.TryParse(target.Value.Repository, out var name)
                ? $",scope=\"repository:{name}:{(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) ? "pull" : "pull,push")}\""
                : "";
        return $"Bearer realm=\"{context.Request.Scheme}://{context.Request.Host}{Path}\",service=\"{Service}\"{scope}{(error is null ? "" : $",error=\"{error}\"")}";
    }

    /// <summary>Adds where clients ask. What was sent is judged before, as anywhere; newer clients that ask by POST come again so when it is refused.</summary>
    public static void MapRegistryTokens(this IEndpointRouteBuilder routes, TimeProvider time)
        => routes.MapGet(Path, (RequestDelegate)(context =>
        {
            var token = Requester.Of(context).Proof is Proof.Token or Proof.Session ? PasswordOf(context) ?? AccessGate.BearerOf(context) ?? Anonymous : Anonymous;
            context.Response.ContentType = "application/json";
            context.Response.Headers.CacheControl = "no-store";
            return context.Response.Body.WriteAsync(
                PlainJson.Write(new RegistryToken(token, token, Seconds, time.GetUtcNow()), RegistryJson.Default.RegistryToken), context.RequestAborted).AsTask();
        })).Needs(Permission.Public);
}
