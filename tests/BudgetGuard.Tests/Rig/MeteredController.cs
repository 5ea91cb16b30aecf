using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace BudgetGuard.Tests.Rig;

/// <summary>A controller that says everything to the guard that attributes can say.</summary>
[ApiController]
[Route("metered")]
public sealed class MeteredController : ControllerBase
{
    internal static void Add(IServiceCollection services) => services.AddControllers().AddApplicationPart(typeof(MeteredController).Assembly);

    [HttpPost("required")]
    [RequireBudget("exports")]
    public string Required() => Operation();

    [HttpPost("priced")]
    [BudgetCost("0.02")]
    [BudgetOperation("report")]
    public string Priced() => Operation();

    [HttpPost("free")]
    [DisableBudgetGuard]
    public string Free() => Operation();

    private string Operation() => HttpContext.GetBudgetGuard()?.Request.Operation ?? "unguarded";
}
