namespace BudgetGuard.Frameworks.Tests.Rig;

/// <summary>The frameworks, each in every form its adapter has.</summary>
internal static class Catalog
{
    public const string AspNetCore = "ASP.NET Core";

    /// <summary>Those that ask the gateway.</summary>
    public static readonly IReadOnlyDictionary<string, Launch> Asking = new Dictionary<string, Launch>
    {
        ["Express 4"] = new("node", "express/app.js", new Dictionary<string, string?> { ["EXPRESS"] = "4" }),
        ["Express 5"] = new("node", "express/app.js", new Dictionary<string, string?> { ["EXPRESS"] = "5" }),
        ["Fastify"] = new("node", "fastify/app.js", new Dictionary<string, string?>()),
        ["FastAPI"] = new("/usr/bin/python3", "fastapi/app.py", new Dictionary<string, string?>()),
        ["FastAPI, app.middleware"] = new("/usr/bin/python3", "fastapi/app.py", new Dictionary<string, string?> { ["FASTAPI_FORM"] = "http" }),
        ["Flask"] = new("/usr/bin/python3", "flask/app.py", new Dictionary<string, string?> { ["FLASK_FORM"] = "extension" }),
        ["Flask, before_request"] = new("/usr/bin/python3", "flask/app.py", new Dictionary<string, string?>()),
        ["Django, WSGI"] = new("/usr/bin/python3", "django/app.py", new Dictionary<string, string?> { ["DJANGO_MODE"] = "wsgi" }),
        ["Django, ASGI"] = new("/usr/bin/python3", "django/app.py", new Dictionary<string, string?> { ["DJANGO_MODE"] = "asgi" }),
    };

    public static IEnumerable<string> All => Asking.Keys.Prepend(AspNetCore);
}
