// Draws the operations of the API from its own description, and lets them be tried with a token.
const place = document.getElementById("operations");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  deepLinking: false,
  persistAuthorization: false,
  validatorUrl: null,
});

// Swagger UI has colours of its own for the dark, which it puts on by this class.
const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();
