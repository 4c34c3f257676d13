using Microsoft.AspNetCore.Builder;

namespace Entrepot.Server.Http;

/// <summary>Refuses targets that the server would silently normalise, before routing sees them.</summary>
public static class StrictTargetMiddleware
{
    /// <summary>Adds the check to a surface.</summary>
    public static IApplicationBuilder UseStrictTargets(this IApplicationBuilder app)
        => app.Use(static (context, next) =>
        {
            // Almost every target is plain; what could be a trick goes to the slow check.
            var path = RequestTarget.RawPath(context);
            if (path.IndexOfAny('%', '\\') < 0 && path.IndexOf("/.", StringComparison.Ordinal) < 0
                && path.IndexOf("//", StringComparison.Ordinal) < 0 && path.Length <= 1024 && !path.IsEmpty && path[0] == '/')
                return next(context);
            return RequestTarget.Check(path) is { } fault ? FaultResponses.WriteAsync(context, fault) : next(context);
        });
}
